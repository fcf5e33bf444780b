/**
 * The fuzzer of native/proof/fuzz.cc: libFuzzer with AddressSanitizer and UndefinedBehaviorSanitizer. It makes its first
 * inputs by itself, each of which writes one word over another place of a sound store, cuts the file off or fills pages
 * with noise. Others come from native/proof/fuzz-corpus.txt: what it found interesting in a run of 10 minutes, in base64,
 * one a line, below the version of the format that it was made for.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unlessInstalled } from './debian-package.js';
import { type Build, buildVariant } from './native-variant.js';

const sanitizers = 'address,undefined';
const compileFlags = ['-g', '-O1', `-fsanitize=fuzzer-no-link,${sanitizers}`, '-fno-sanitize-recover=undefined'];

/** Where inputs that were found interesting are kept, and those that were found to be fatal. */
export const fuzzDirectory = fileURLToPath(new URL('../../../build/proof/fuzz', import.meta.url));

/** Arguments that all runs have: no input takes 100 seconds, nor 3 GB. */
const limits = ['-timeout=100', '-rss_limit_mb=3000'];

/** For the `skip` option of a test: why there is no fuzzer here. The library is not part of the compiler's package. */
export function unlessFuzzing(): string | false {
  const missing = unlessInstalled('clang', 'clang', 'clang++');
  if (missing !== false || process.arch !== 'x64') {
    return missing || 'the sanitizers are those of x86-64';
  }
  const args = ['-print-file-name=libclang_rt.fuzzer-x86_64.a'];
  return existsSync(execFileSync('clang', args, { encoding: 'utf8' }).trim())
    ? false
    : 'needs libFuzzer (Debian package libclang-rt-dev)';
}

export function buildFuzzer(build: Build = { name: 'fuzzer' }): Promise<string> {
  return buildVariant({
    ...build,
    sources: [
      'core',
      'exposition',
      ...['', '_file', '_read', '_seeds', '_write'].map((part) => `proof/fuzz${part}.cc`),
    ],
    flags: [...compileFlags, ...(build.flags ?? [])],
    linkFlags: [`-fsanitize=fuzzer,${sanitizers}`],
    compiler: 'clang',
  });
}

const corpusFile = fileURLToPath(new URL('../../../native/proof/fuzz-corpus.txt', import.meta.url));

/** An area of the store's file, as the fuzzer knows it. */
export interface Area {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Inputs that change it. */
  readonly seeds: number;
}

/** The version of the format that the corpus was made for, and its inputs. */
function readCorpus(): { readonly format: number; readonly inputs: readonly Buffer[] } {
  const [head = '', ...lines] = readFileSync(corpusFile, 'utf8').trim().split('\n');
  return { format: Number(/^format (\d+)$/.exec(head)?.[1]), inputs: lines.map((line) => Buffer.from(line, 'base64')) };
}

/** Writes each input of the corpus into a file; gives the version of the format that it was made for. */
export function unpackCorpus(directory: string): number {
  mkdirSync(directory, { recursive: true });
  const { format, inputs } = readCorpus();
  for (const [index, input] of inputs.entries()) {
    writeFileSync(join(directory, `corpus-${index}`), input);
  }
  return format;
}

/** Replaces the corpus. In the order of their text, in which they compress well. */
export function packCorpus(format: number, inputs: readonly Buffer[]): void {
  const lines = inputs.map((input) => input.toString('base64')).sort();
  writeFileSync(corpusFile, `${[`format ${format}`, ...lines].join('\n')}\n`);
}

/** What the fuzzer knows about the store's file. */
export interface Layout {
  readonly format: number;
  readonly areas: readonly Area[];
}

/** Writes the inputs that the fuzzer makes by itself. */
export async function writeSeeds(fuzzer: string, directory: string): Promise<Layout> {
  mkdirSync(directory, { recursive: true });
  const { stdout } = await promisify(execFile)(fuzzer, [`--seeds=${directory}`]);
  const areas = [...stdout.matchAll(/^(.+) (\d+) (\d+) (\d+)$/gm)].map(([, name = '', ...numbers]) => {
    const [offset = 0, size = 0, seeds = 0] = numbers.map(Number);
    return { name, offset, size, seeds };
  });
  return { format: Number(/^format (\d+)$/m.exec(stdout)?.[1]), areas };
}

/** Gives the inputs of some directories that reach what those of the first one do not. That one gets them as well. */
export async function mergeInputs(fuzzer: string, known: string, found: readonly string[]): Promise<readonly Buffer[]> {
  const before = new Set(readdirSync(known));
  await promisify(execFile)(fuzzer, [...limits, '-merge=1', known, ...found], { maxBuffer: 2 ** 26 });
  const added = readdirSync(known).filter((name) => !before.has(name));
  return added.map((name) => readFileSync(join(known, name)));
}

/** Runs inputs once each; gives what the fuzzer printed, and rejects with it where one was fatal. */
export async function runSeeds(fuzzer: string, directory: string): Promise<string> {
  const seeds = readdirSync(directory).map((name) => join(directory, name));
  const { stderr } = await promisify(execFile)(fuzzer, [...limits, ...seeds], {
    cwd: directory,
    // A fuzzer that dies leaves its store behind.
    env: { ...process.env, TMPDIR: directory },
    maxBuffer: 2 ** 26,
    timeout: 280_000,
  });
  return stderr;
}

/** Arguments of a run that goes on with new inputs, which are kept in the first of the directories. */
export function fuzzArguments(seconds: number, corpora: readonly string[]): string[] {
  return [
    ...limits,
    `-max_total_time=${seconds}`,
    '-max_len=256',
    '-len_control=0',
    '-print_final_stats=1',
    ...corpora,
  ];
}
