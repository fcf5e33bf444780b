/**
 * What a figure was measured on. A result without this is worth nothing a year later, so every file of results begins
 * with it. What a system does not tell is `null`, never a guess.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';

/** A description of the machine and of what runs on it. */
export interface Machine {
  architecture: string;
  cpuModel: string;
  /** CPUs that this process may use. */
  cpus: number;
  /** CPU ids that the kernel could ever bring up, as it writes them; decides the number of lanes. */
  possibleCpus: string | null;
  memoryBytes: number;
  kernel: string;
  /** The processor says that it runs under a hypervisor. */
  virtual: boolean | null;
  /** Frequency governor of CPU 0. */
  governor: string | null;
  node: string;
  v8: string;
  /** Name and version, such as `glibc 2.36`. */
  libc: string;
  /** 1, 5 and 15 minutes, before the run began. */
  loadAverage: number[];
}

/** Part of the CPUs from which on the work of others shows in the figures. */
const BUSY = 0.25;

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}

function libcOf(): string {
  // The report is typed as `object`: its content depends on the platform.
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime === undefined ? 'not glibc (musl?)' : `glibc ${header.glibcVersionRuntime}`;
}

/** Describes the machine that this process runs on. */
export function describeMachine(): Machine {
  const cpuInfo = read('/proc/cpuinfo');
  // Only x86 lists its features as `flags`, and `hypervisor` among them.
  const flags = cpuInfo?.match(/^flags\s*:(.*)$/m)?.[1];
  return {
    architecture: os.arch(),
    cpuModel: os.cpus()[0]?.model.trim() ?? 'unknown',
    cpus: os.availableParallelism(),
    possibleCpus: read('/sys/devices/system/cpu/possible'),
    memoryBytes: os.totalmem(),
    kernel: `${os.type()} ${os.release()}`,
    virtual: flags === undefined ? null : flags.split(' ').includes('hypervisor'),
    governor: read('/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'),
    node: process.version,
    v8: process.versions.v8,
    libc: libcOf(),
    loadAverage: os.loadavg(),
  };
}

/** The machine in a line, for people, and a second line where it has other work to do. */
export function summarizeMachine(machine: Machine): string {
  const virtual = machine.virtual ? ', virtual' : '';
  const description =
    `${machine.cpuModel}, ${machine.cpus} CPUs (${machine.architecture}${virtual}), ${machine.kernel}, ` +
    `${machine.libc}, Node ${machine.node}, governor ${machine.governor ?? 'unknown'}`;
  const load = machine.loadAverage[0] ?? 0;
  if (load < machine.cpus * BUSY) return description;
  return `${description}\nThe machine is busy (load average ${load.toFixed(1)}): expect a wide spread.`;
}
