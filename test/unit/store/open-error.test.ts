/** What is said about a store that cannot be opened, where the code alone does not say it. */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openError } from '#src/store/open-error.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** What is said of a path by a user who is not allowed everything. */
function messageOf(path: string): string {
  const isRoot = process.getuid?.() === 0;
  const cause = Object.assign(new Error('said the core'), { code: 'ERR_PCM_PERMISSION' });
  if (isRoot) process.seteuid?.(65534);
  try {
    return openError(cause, { path, readOnly: false }).message;
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test('a permission that is missing on the way to a store is told apart from that of its file', (t) => {
  const root = temporaryDirectory(t);
  chmodSync(root, 0o755);
  writeFileSync(join(root, 'store'), '');
  mkdirSync(join(root, 'closed'), { mode: 0o000 });
  assert.match(messageOf(join(root, 'store')), /no permission for .*\/store; run as the user who made it, or .*0o660/);
  assert.match(messageOf(join(root, 'new')), /no permission to make files in .*; let it do so, or give the store/);
  const behind = messageOf(join(root, 'closed', 'store'));
  chmodSync(join(root, 'closed'), 0o700);
  assert.match(behind, /no permission to enter .*\/closed; let it do so, or give/);
});
