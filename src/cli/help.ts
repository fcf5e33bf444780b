/** What `--help` prints. */

/** The text for the whole command. */
export const HELP = `percpu-metrics: metrics in shared memory with one counter word per CPU

Usage:
  percpu-metrics serve [options]          serve a store over HTTP
  percpu-metrics inspect PATH [options]   show what is in a store
  percpu-metrics --version | --help

Options of serve:
  --host HOST          address to listen on (HOST, else 127.0.0.1)
  --port PORT          port to listen on, 0 for any (PORT, else 9464)
  --workers N          N processes on one store (1)
  --store PATH         file of the store (PERCPU_METRICS_STORE, else a new one that goes with the service)
  --read-only          serve the store of another application, as soon as it is there; count nothing
  --backend NAME       of a new store: rseq (default), percpu-atomic, atomic, atomic-padded
  --capacity CELLS     of a new store, at least 1024 (262144)
  --mode OCTAL         permission bits of a new store (600)
  --persist            carry the values of a store from before the last boot over
  --process-metrics    keep CPU, memory, event loop and heap of each process in the store
  --log-level LEVEL    trace, debug, info (default), warn, error, fatal, silent

Options of inspect:
  --json               as JSON, one line per look
  --watch [SECONDS]    look again and again until SIGINT (every 2 seconds)

Exit codes: 0 done, 1 a mistake of the program, 2 wrong arguments or environment, 3 the address cannot be listened on,
4 the store cannot be opened or read, 5 because there is none, 6 another format version, 7 no permission, 8 no space,
128 + N ended at once by signal number N. A sidecar that waits for its store ends with the code of the reason.
`;
