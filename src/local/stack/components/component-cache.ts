import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HandoverError } from '../../../domain/errors.js';
import { cacheFolder } from '../folders.js';
import { ToolFailure } from './run-tool.js';

/** Something that is fetched once per version and kept in the cache folder. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** What people call it. */
  readonly title: string;
  /** Fills an empty folder. */
  fetch(folder: string, signal: AbortSignal | undefined): Promise<void>;
}

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called before anything is fetched, with a line for people. */
  readonly report?: ((line: string) => void) | undefined;
}

/** Written last: a folder without it is not used. */
const COMPLETE = '.complete';

/**
 * The folder of a component, fetched if the cache does not hold it. It is filled under another name and then renamed, so
 * that two fetches at once do no harm: the second to end throws its own copy away.
 * @throws HandoverError `fetch-failed`, `tool-missing` or `interrupted`
 */
export async function obtain(component: Component, { signal, report }: FetchOptions = {}): Promise<string> {
  const folder = join(cacheFolder(), `${component.name}-${component.version}`);
  if (await isComplete(folder)) return folder;
  report?.(`fetching ${component.title} ${component.version} (once; kept in ${cacheFolder()})`);
  await mkdir(cacheFolder(), { recursive: true });
  const draft = await mkdtemp(join(cacheFolder(), `.${component.name}-`));
  try {
    await component.fetch(draft, signal);
    await writeFile(join(draft, COMPLETE), '');
    await putInPlace(draft, folder);
  } catch (error) {
    throw explain(error, component);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

async function putInPlace(draft: string, folder: string): Promise<void> {
  try {
    await rename(draft, folder);
  } catch (error) {
    if (await isComplete(folder)) return;
    const occupied = error instanceof Error && 'code' in error && ['ENOTEMPTY', 'EEXIST'].includes(String(error.code));
    if (!occupied) throw error;
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  }
}

async function isComplete(folder: string): Promise<boolean> {
  return exists(join(folder, COMPLETE));
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return false;
    throw error;
  }
}

function explain(error: unknown, { title, version }: Component): unknown {
  if (!(error instanceof ToolFailure)) return error;
  const said = error.printed.split('\n').slice(-3).join(' ') || error.message;
  return new HandoverError('fetch-failed', `${title} ${version} could not be fetched: ${said}`, {
    cause: error,
    hint: 'Look at the network and at the package registry that pip, Maven or apt is set up to use, then try again.',
  });
}
