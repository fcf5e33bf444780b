/**
 * What a build needs of the machine. Everything that is missing is named at once and in one line, before anything is
 * downloaded or compiled.
 */
import { commandExists, findCommand, npmCommand } from './command.mjs';

const oldestNode = [20, 19];

/** The complaint about the running Node.js, if there is one. */
export function nodeComplaint(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = oldestNode;
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) {
    return undefined;
  }
  return `Node.js ${oldestNode.join('.')} or later is needed, and this is ${version}`;
}

/** A compiler may be named with flags or a launcher in front: what counts is the first word. */
function configured(variable) {
  return process.env[variable]?.trim().split(/\s+/)[0];
}

/** The complaint about tools that a build needs and the machine has not got, if there is one. */
export function toolComplaint({ compile, install }) {
  const missing = [];
  if (install && npmCommand().length === 1 && !commandExists('npm')) {
    missing.push({ what: 'npm', debian: 'npm' });
  }
  if (compile) {
    if (!findCommand(configured('CXX') ?? 'c++', 'g++', 'clang++')) {
      missing.push({ what: 'a C++ compiler (g++ or clang++)', debian: 'g++' });
    }
    if (!findCommand(configured('CC') ?? 'cc', 'gcc', 'clang')) {
      missing.push({ what: 'a C compiler (gcc or clang)', debian: 'gcc' });
    }
    if (!findCommand(configured('MAKE') ?? 'make', 'gmake')) {
      missing.push({ what: 'make', debian: 'make' });
    }
    if (!findCommand(process.env.npm_config_python, process.env.PYTHON, 'python3')) {
      missing.push({ what: 'python3', debian: 'python3' });
    }
  }
  if (missing.length === 0) {
    return undefined;
  }
  const packages = missing.map(({ debian }) => debian).join(' ');
  return `missing: ${missing.map(({ what }) => what).join(', ')} (on Debian or Ubuntu: apt-get install ${packages})`;
}
