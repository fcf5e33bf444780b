/**
 * Builds programs of native/proof/ with the core compiled in other ways than the shipped one: with points of
 * injection, with sanitizers, with one line changed. Objects are kept below build/proof/ under a hash of all that goes
 * into them, so that variants share them and a second run compiles nothing.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const output = join(root, 'build', 'proof');
const run = promisify(execFile);

/** A change of the core or the exposition. */
interface Change {
  /** What is replaced: found exactly so many times in one file and in no other. */
  readonly find: string;
  readonly replace: string;
  /** 1 by default. */
  readonly times?: number;
}

/** Changes that belong together. */
export interface Mutation {
  readonly name: string;
  readonly changes: readonly Change[];
}

/** What programs are built for. */
export type NativeMachine = 'x86_64' | 'aarch64';

const thisMachine: NativeMachine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const otherMachine = { x86_64: 'aarch64', aarch64: 'x86_64' } as const;

/** A flag of the compiler that leaves the critical sections out, as where there is no rseq: all goes to atomic lanes. */
export const withoutRseq = '-DPCM_NO_RSEQ';

/** How a program is built. Paths are relative to native/. */
export interface Variant {
  /** Name of the executable. */
  readonly name: string;
  /** Files; of a directory all its sources, with those of the directories in it. */
  readonly sources: readonly string[];
  readonly flags: readonly string[];
  readonly linkFlags?: readonly string[];
  /** Files whose flags are other ones. */
  readonly otherFlags?: Readonly<Record<string, readonly string[]>>;
  /** That of C, by whose name that of C++ is known; gcc by default. */
  readonly compiler?: 'gcc' | 'clang' | 'musl-gcc' | 'aarch64-linux-gnu-gcc';
  readonly mutation?: Mutation;
}

/** What a program is called, and what is changed in it. */
export type Build = Pick<Variant, 'name' | 'mutation'> & Partial<Pick<Variant, 'flags'>>;

const isSource = (path: string) => path.endsWith('.c') || path.endsWith('.cc');

function filesBelow(tree: string, path: string): string[] {
  if (extname(path) !== '') {
    return [path];
  }
  return readdirSync(join(tree, path), { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .sort();
}

/** The sources of the core's own suite. */
export function coreSuite(): string[] {
  const names = readdirSync(join(root, 'native', 'test'));
  return names.filter((name) => /^core_.*\.c$/.test(name)).map((name) => join('test', name));
}

/** A copy of native/ with the changes of a mutation. */
export function mutatedTree(mutation: Mutation, machine: NativeMachine = thisMachine): string {
  const tree = join(output, 'trees', machine === thisMachine ? mutation.name : `${mutation.name}-${machine}`);
  rmSync(tree, { recursive: true, force: true });
  cpSync(join(root, 'native'), tree, { recursive: true });
  // Code of an architecture that is not compiled for looks alike.
  const files = ['core', 'exposition']
    .flatMap((directory) => filesBelow(tree, directory))
    .filter((path) => extname(path) !== '' && !path.endsWith(`_${otherMachine[machine]}.h`));
  for (const { find, replace, times = 1 } of mutation.changes) {
    const found = files.filter((path) => readFileSync(join(tree, path), 'utf8').includes(find));
    const [path] = found;
    const parts = path === undefined ? [] : readFileSync(join(tree, path), 'utf8').split(find);
    if (path === undefined || found.length > 1 || parts.length !== times + 1) {
      throw new Error(
        `mutation ${mutation.name}: ${JSON.stringify(find)} is wanted ${times} times in one file of native/ and ` +
          `is ${parts.length - 1} times in ${found.join(', ') || 'none'}. The code changed: change the mutation with it.`,
      );
    }
    writeFileSync(join(tree, path), parts.join(replace));
  }
  return tree;
}

/** Calls a function for each element, as many at a time as there are CPUs. */
async function forEach<T>(elements: readonly T[], act: (element: T) => Promise<void>): Promise<void> {
  const pending = [...elements];
  const work = async () => {
    for (let element = pending.shift(); element !== undefined; element = pending.shift()) {
      await act(element);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
}

const includes = ['include', 'core', 'exposition', 'proof'].map((directory) => `-I${directory}`);

function compilerOf({ compiler = 'gcc' }: Variant, cxx: boolean): string {
  return cxx ? compiler.replace(/gcc$/, 'g++').replace(/clang$/, 'clang++') : compiler;
}

function compileCommand(variant: Variant, source: string): { command: string; args: string[] } {
  const isC = source.endsWith('.c');
  const command = compilerOf(variant, !isC);
  const flags = variant.otherFlags?.[source] ?? variant.flags;
  return { command, args: [isC ? '-std=gnu11' : '-std=gnu++17', '-D_GNU_SOURCE', ...includes, ...flags] };
}

/** Compiles and links; gives the path of the executable. */
export async function buildVariant(variant: Variant): Promise<string> {
  const machine = variant.compiler?.startsWith('aarch64-') ? 'aarch64' : thisMachine;
  const tree = variant.mutation ? mutatedTree(variant.mutation, machine) : join(root, 'native');
  const objects = join(output, 'objects');
  mkdirSync(objects, { recursive: true });
  const headers = createHash('sha256');
  for (const path of ['include', 'core', 'exposition', 'proof', 'test'].flatMap((part) => filesBelow(tree, part))) {
    if (path.endsWith('.h')) {
      headers.update(`${path}\0`).update(readFileSync(join(tree, path)));
    }
  }
  const common = headers.digest('hex');
  const jobs = variant.sources
    .flatMap((path) => filesBelow(tree, path))
    .filter(isSource)
    .map((source) => {
      const { command, args } = compileCommand(variant, source);
      const text = readFileSync(join(tree, source), 'utf8');
      const key = createHash('sha256')
        .update(JSON.stringify([common, command, args, source, text]))
        .digest('hex');
      return { command, args: [...args, '-c', source, '-o'], object: join(objects, `${key.slice(0, 32)}.o`) };
    });
  await forEach(
    jobs.filter(({ object }) => !existsSync(object)),
    async ({ command, args, object }) => {
      const unfinished = `${object}.${process.pid}`;
      await run(command, [...args, unfinished], { cwd: tree });
      renameSync(unfinished, object);
    },
  );
  const executable = join(output, variant.name);
  const cxx = jobs.some(({ command }) => command.endsWith('++'));
  const args = [...jobs.map(({ object }) => object), ...(variant.linkFlags ?? []), '-lm', '-lpthread'];
  // Another test file may be running the same program, or reading it.
  const unfinished = `${executable}.${process.pid}`;
  await run(compilerOf(variant, cxx), [...args, '-o', unfinished]);
  renameSync(unfinished, executable);
  return executable;
}
