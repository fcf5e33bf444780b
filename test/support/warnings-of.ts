/** The warnings of this process. */

/** A warning as Node.js gives it to listeners. */
export type Warning = Error & { readonly code?: string };

/** Those that something leads to, in their order. */
export async function warningsOf(work: () => void): Promise<Warning[]> {
  const warnings: Warning[] = [];
  // Those of tests before this one are on their way still.
  await new Promise((resolve) => setImmediate(resolve));
  const note = (warning: Error) => warnings.push(warning);
  process.on('warning', note);
  try {
    work();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('warning', note);
  }
  return warnings;
}

/** Their codes. */
export async function warningCodesOf(work: () => void): Promise<(string | undefined)[]> {
  return (await warningsOf(work)).map(({ code }) => code);
}
