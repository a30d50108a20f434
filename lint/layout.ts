import { dirname, join, normalize } from 'node:path';
import { ARROWS, type Arrows, MOST_FILES, MOST_LINES, SANDBOX_PACKAGES } from './arrows.js';

/** How an import reaches its file: loaded with it, only for its types, or when it is needed. */
type Kind = 'run' | 'types' | 'onDemand';

interface Import {
  readonly kind: Kind;
  /** A file from the top of the repository, or the name of a package. */
  readonly to: string;
}

/** Text by path, from the top of the repository. */
export type Sources = ReadonlyMap<string, string>;

const STATEMENT = /^(?:import|export)\s+(type\s)?(?:[^;'"]*?\sfrom\s+)?'([^']+)'/gm;
const CALL = /(typeof\s+)?\bimport\(\s*'([^']+)'/g;

/** What a file imports. Comments are left out: they quote code. */
function readImports(path: string, text: string): readonly Import[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const resolve = (name: string): string =>
    name.startsWith('.') ? normalize(join(dirname(path), name)).replace(/\.js$/, '.ts') : name;
  return [
    ...[...code.matchAll(STATEMENT)].map(
      ([, type, name = '']): Import => ({ kind: type === undefined ? 'run' : 'types', to: resolve(name) }),
    ),
    ...[...code.matchAll(CALL)].map(
      ([, type, name = '']): Import => ({ kind: type === undefined ? 'onDemand' : 'types', to: resolve(name) }),
    ),
  ];
}

/** Everything in `src` that the layout forbids, a sentence each. */
export function findFaults(sources: Sources, arrows: Readonly<Record<string, Arrows>> = ARROWS): readonly string[] {
  const graph = new Map([...sources].map(([path, text]) => [path, readImports(path, text)] as const));
  return [
    ...findForbidden(graph, arrows),
    ...findCircles(graph),
    ...findInSandbox(graph),
    ...findCrowded([...sources.keys()]),
    ...[...sources].flatMap(([path, text]) => {
      const lines = text.split('\n').length - 1;
      return lines > MOST_LINES ? [`${path} has ${lines} lines, more than ${MOST_LINES}: split it by its ideas.`] : [];
    }),
  ];
}

type Graph = ReadonlyMap<string, readonly Import[]>;

function findForbidden(graph: Graph, arrows: Readonly<Record<string, Arrows>>): readonly string[] {
  return [...graph].flatMap(([path, imports]) => {
    const from = folderOf(path);
    const allowed = arrows[from];
    if (allowed === undefined) return [`${path}: no arrows are drawn for '${from}': add it to lint/arrows.ts.`];
    return imports.flatMap(({ kind, to }) => {
      if (!graph.has(to) || folderOf(to) === from || mayImport(allowed, kind, folderOf(to))) return [];
      const how = { run: 'imports', types: 'imports a type of', onDemand: 'loads on demand' }[kind];
      return [`${path} ${how} ${to}, against the arrows in docs/architecture.md.`];
    });
  });
}

/** What may be loaded may also be named as a type, or be loaded later. */
function mayImport({ run = [], types = [], onDemand = [] }: Arrows, kind: Kind, folder: string): boolean {
  if (run.includes(folder)) return true;
  return { run: [], types, onDemand }[kind].some((one) => one === folder);
}

function folderOf(path: string): string {
  return path.split('/')[1]?.replace(/\.ts$/, '') ?? path;
}

/** Circles of imports, types included: each set of files that reach each other. */
function findCircles(graph: Graph): readonly string[] {
  const order = new Map<string, { readonly index: number; low: number; open: boolean }>();
  const stack: string[] = [];
  const circles: string[] = [];
  const visit = (path: string) => {
    const node = { index: order.size, low: order.size, open: true };
    order.set(path, node);
    stack.push(path);
    for (const { to } of graph.get(path) ?? []) {
      if (!graph.has(to)) continue;
      const next = order.get(to) ?? visit(to);
      if (next.open) node.low = Math.min(node.low, next.low);
    }
    if (node.low === node.index) {
      const circle = stack.splice(stack.indexOf(path));
      for (const one of circle) Object.assign(order.get(one) ?? {}, { open: false });
      if (circle.length > 1) circles.push(`A circle of imports: ${[...circle, path].join(' -> ')}.`);
    }
    return node;
  };
  for (const path of graph.keys()) if (!order.has(path)) visit(path);
  return circles;
}

/** What the workflows load at run time, however far away: a Node builtin or a client there breaks their replay. */
function findInSandbox(graph: Graph): readonly string[] {
  const todo = [...graph.keys()].filter((path) => path.startsWith('src/workflows/'));
  const reached = new Set(todo);
  const faults: string[] = [];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    for (const { kind, to } of graph.get(path) ?? []) {
      if (kind === 'types' || reached.has(to)) continue;
      if (graph.has(to)) {
        reached.add(to);
        todo.push(to);
      } else if (!SANDBOX_PACKAGES.includes(to)) {
        faults.push(`${path} is loaded by the workflows and imports ${to}, which their sandbox must not have.`);
      }
    }
  }
  return faults;
}

function findCrowded(paths: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const path of paths) counts.set(dirname(path), (counts.get(dirname(path)) ?? 0) + 1);
  return [...counts].flatMap(([folder, count]) =>
    count > MOST_FILES ? [`${folder} has ${count} files, more than ${MOST_FILES}: give it rooms.`] : [],
  );
}
