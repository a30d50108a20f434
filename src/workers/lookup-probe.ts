import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../domain/log.js';
import type { LookupReport, LookupResult } from '../domain/reward/outcome.js';
import { isMarked } from '../reward/http/lookup.js';
import type { HttpLookupOptions } from '../reward/http/options.js';
import type { RewardProvider } from '../reward/provider.js';

/** No message has such an ID, as an ID may not begin with `handover-`. */
const MADE_UP_ID = 'handover-lookup-probe-';

/** The first pause before a lookup that could not tell is asked anew, and the longest one, in ms. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 5 * 60_000;

export interface LookupProbe {
  /** Why the lookup's answers are not to be believed at present; undefined: nothing is known against them. */
  fault(): string | undefined;
  stop(): Promise<void>;
}

export interface LookupProbeOptions {
  readonly provider: RewardProvider;
  readonly lookup: HttpLookupOptions;
  readonly log: Log;
  /** How long to wait before the next time; for tests. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Asks the lookup for a message that never was, beside the start of the worker and until it has told: a path that does not
 * exist, rejected credentials or a sign-in page are seen then, and not once money hangs on them. Each finding is logged once.
 * A lookup that says `granted` of such a message says nothing, and is not believed in this process until that has changed.
 */
export function startLookupProbe(options: LookupProbeOptions): LookupProbe {
  const { lookup, log, pause = (ms, signal) => sleep(ms, undefined, { signal }) } = options;
  const stopping = new AbortController();
  let fault: string | undefined;
  if (!isMarked(lookup)) log.warn({ event: 'lookup-without-marks' }, HOW_TO_MARK);

  async function run(): Promise<void> {
    let told: string | undefined;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const report = await ask(options, stopping.signal);
      if (stopping.signal.aborted) return;
      fault = report.result === 'granted' ? BELIEVES_NOBODY : undefined;
      const isSure = tells(report, lookup);
      if (report.detail !== told) tell(log, report, isSure);
      told = report.detail;
      if (isSure) return;
      await pause(pauseMs, stopping.signal);
    }
  }

  const running = run().catch((error: unknown) => {
    // The pause is cut short at the stop.
    if (!stopping.signal.aborted) throw error;
  });
  return {
    fault: () => fault,
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

const BELIEVES_NOBODY = 'Not believed, as the lookup says granted of a message that never was.';

const HOW_TO_MARK =
  "provider.lookupUrl has no marks, so every answer of the lookup counts as unknown: a gateway answers 200 and 404 too. Replace it by lookup: { url: '<the same>', grantedWhen: { status: 200, json: { '/state': 'DONE' } }, absentWhen: { status: 404, json: { '/code': 'NOT_FOUND' } } }, with what only your provider answers";

async function ask({ provider, log }: LookupProbeOptions, signal: AbortSignal): Promise<LookupReport> {
  const message = { messageId: `${MADE_UP_ID}${randomUUID()}`, body: new Uint8Array() };
  try {
    const said: LookupResult | LookupReport | undefined = await provider.lookup?.(message, { signal });
    if (typeof said === 'object') return said;
    return { result: said ?? 'unknown', detail: `The lookup says ${said ?? 'nothing'}.` };
  } catch (error) {
    log.debug({ error: error instanceof Error ? error.name : 'unknown' }, "the lookup's code threw");
    return { result: 'unknown', detail: "The lookup's code threw." };
  }
}

/** Whether the answer shows that the lookup works, or that asking again is in vain. */
function tells({ result, inVain, status = 0 }: LookupReport, { absentWhen }: HttpLookupOptions): boolean {
  if (result === 'absent' || inVain === true) return true;
  if (result === 'granted' || absentWhen !== undefined) return false;
  // Nothing is said of messages that never were: what turns nobody away will do.
  return status >= 200 && status < 500 && ![401, 403, 407].includes(status) && !(status >= 300 && status < 400);
}

function tell(log: Log, { result, detail, status }: LookupReport, isSure: boolean): void {
  const fields = { event: 'lookup-probed', result, ...(status !== undefined && { status }) };
  const what = `asked for a message that never was, the lookup says ${result}: ${detail}`;
  if (result === 'granted') {
    log.error(fields, `${what} Its answers count as unknown until that has changed: mend provider.lookup.grantedWhen.`);
  } else if (isSure) log.info(fields, what);
  else
    log.warn(
      fields,
      `${what} Such an answer resolves nothing: mend provider.lookup, or the provider. It is asked again.`,
    );
}
