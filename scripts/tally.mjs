/**
 * Counts tests of all kinds and keeps what has to be said about them at the end. A test that was skipped has neither
 * passed nor failed, unless skipping is not allowed: then it has failed.
 */
export class Tally {
  #strict;
  #passed = 0;
  #failures = [];
  #skips = [];

  /** @param strict whether a skipped test counts as failed */
  constructor(strict) {
    this.#strict = strict;
  }

  get failed() {
    return this.#failures.length;
  }

  pass(count = 1) {
    this.#passed += count;
  }

  fail(name, details = '') {
    this.#failures.push({ name, details });
  }

  skip(name, reason) {
    if (this.#strict) {
      this.fail(name, `skipped, which is not allowed here: ${reason}`);
    } else {
      this.#skips.push({ name, reason });
    }
  }

  /** Failures with their details, then skips with their reasons, then the counts in the last line. */
  report() {
    const lines = [''];
    for (const { name, details } of this.#failures) {
      lines.push(
        `FAILED ${name}`,
        ...details
          .trimEnd()
          .split('\n')
          .map((line) => `    ${line}`.trimEnd()),
        '',
      );
    }
    for (const { name, reason } of this.#skips) {
      lines.push(`skipped ${name}: ${reason}`);
    }
    lines.push(`${this.#passed} passed, ${this.failed} failed`);
    return lines.join('\n');
  }
}
