import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { announce, ensurePrivate, locate, STORE_VARIABLE } from '#src/store/location.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const told = () => process.env[STORE_VARIABLE];

test.beforeEach(() => {
  delete process.env[STORE_VARIABLE];
});

test('a path of the caller wins, is made absolute, and makes the store stay', () => {
  process.env[STORE_VARIABLE] = '/elsewhere.pcm';
  assert.deepEqual(locate('x.pcm', false), { path: resolve('x.pcm'), ephemeral: false });
  assert.deepEqual(locate('/x.pcm', true), { path: '/x.pcm', ephemeral: false });
});

test('without a path the store of the parent is found', (t) => {
  const path = join(temporaryDirectory(t), 'parent.pcm');
  process.env[STORE_VARIABLE] = path;
  assert.deepEqual(locate(undefined, false), { path, ephemeral: false });
  assert.deepEqual(locate(undefined, true), { path, ephemeral: false });
});

test('what is only read is never made up', () => {
  assert.throws(() => locate(undefined, true), { code: 'ERR_PCM_NOT_FOUND', message: /give the path of the store/ });
});

test('an empty variable is none', () => {
  process.env[STORE_VARIABLE] = '';
  assert.throws(() => locate(undefined, true), { code: 'ERR_PCM_NOT_FOUND' });
});

test('children are told of the first store, until it is closed', () => {
  const first = announce('/first.pcm');
  const second = announce('/second.pcm');
  assert.equal(told(), '/first.pcm');
  second();
  assert.equal(told(), '/first.pcm');
  first();
  assert.equal(told(), undefined);
  announce('/third.pcm')();
});

test('children are told of the next store that is open, when the one that they were told of is closed', () => {
  const stores = ['/first.pcm', '/second.pcm', '/third.pcm', '/second.pcm'].map((path) => announce(path));
  const [first, second, third, again] = stores;
  first?.();
  assert.equal(told(), '/second.pcm');
  second?.();
  assert.equal(told(), '/second.pcm');
  again?.();
  assert.equal(told(), '/third.pcm');
  third?.();
  assert.equal(told(), undefined);
});

test('a process goes on with the store that it has made up, and names it again, though another one was named meanwhile', () => {
  const { path } = locate(undefined, false);
  const first = announce(path);
  const second = announce('/second.pcm');
  first();
  assert.equal(told(), '/second.pcm');
  assert.equal(locate(undefined, false).path, path);
  assert.equal(locate(undefined, true).path, path);
  const again = announce(path);
  assert.equal(told(), path);
  again();
  assert.equal(told(), '/second.pcm');
  second();
  assert.equal(told(), undefined);
});

test('a store that is opened again by path is what children are told of again', () => {
  const first = announce('/first.pcm');
  const second = announce('/second.pcm');
  first();
  const third = announce('/third.pcm');
  assert.equal(told(), '/second.pcm');
  const again = announce('/first.pcm');
  assert.equal(told(), '/first.pcm');
  for (const withdraw of [second, third, again]) withdraw();
  assert.equal(told(), undefined);
});

test('children are told of a store as long as one of those who opened it has it open', () => {
  const one = announce('/a.pcm');
  const two = announce('/a.pcm');
  one();
  assert.equal(told(), '/a.pcm');
  two();
  assert.equal(told(), undefined);
});

test('what the operator or a parent has set is neither changed nor taken back', () => {
  process.env[STORE_VARIABLE] = '/operator.pcm';
  const same = announce('/operator.pcm');
  const other = announce('/other.pcm');
  assert.equal(told(), '/operator.pcm');
  same();
  other();
  assert.equal(told(), '/operator.pcm');
});

test('a variable that somebody has unset is not set by closing a store', () => {
  const first = announce('/first.pcm');
  const second = announce('/second.pcm');
  delete process.env[STORE_VARIABLE];
  first();
  assert.equal(told(), undefined);
  second();
});

test('what somebody else has set meanwhile is not taken back', () => {
  const withdraw = announce('/mine.pcm');
  process.env[STORE_VARIABLE] = '/theirs.pcm';
  withdraw();
  assert.equal(told(), '/theirs.pcm');
});

test('the directory of made-up stores is made for one user only, and used again', (t) => {
  const directory = join(temporaryDirectory(t), 'private');
  ensurePrivate(directory);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  ensurePrivate(directory);
});

test('a directory that others could write to, and what is no directory, is refused and left alone', (t) => {
  const base = temporaryDirectory(t);
  const path = (name: string) => join(base, name);
  mkdirSync(path('good'), { mode: 0o700 });
  symlinkSync(path('good'), path('link'));
  writeFileSync(path('file'), '');
  mkdirSync(path('open'));
  chmodSync(path('open'), 0o770);
  const refused = ['link', 'file', 'open'];
  if (process.getuid?.() === 0) {
    mkdirSync(path('theirs'), { mode: 0o700 });
    chownSync(path('theirs'), 65534, 65534);
    refused.push('theirs');
  }
  for (const name of refused) {
    assert.throws(() => ensurePrivate(path(name)), {
      code: 'ERR_PCM_UNSAFE_PATH',
      message: new RegExp(
        `/${name} must be a directory that belongs to user \\d+ with mode 0700.*; remove it, or give`,
      ),
    });
  }
  assert.equal(statSync(path('open')).mode & 0o777, 0o770);
});

test('a directory that cannot be made is an error of the file system', (t) => {
  assert.throws(() => ensurePrivate(join(temporaryDirectory(t), 'none', 'private')), {
    code: 'ERR_PCM_NOT_FOUND',
    message: /^cannot make the directory of the store: /,
  });
});
