/** What is handed out for a host and for a laptop: the unit, its files, and compose with what it mounts. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { unlessInstalled } from '../support/debian-package.js';
import { unlessRoot } from '../support/privileges.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const deploy = fileURLToPath(new URL('../../../deploy/', import.meta.url));
const skip = unlessInstalled('systemd', 'systemd-analyze', 'systemd-sysusers', 'systemd-tmpfiles');
const read = (...names: string[]) => readFileSync(join(deploy, ...names), 'utf8');

test('systemd accepts the unit, and the unit is hardened', { skip }, () => {
  const unit = join(deploy, 'systemd', 'percpu-metrics.service');
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
  assert.equal(status, 0, `${stdout}${stderr}`);
  assert.doesNotMatch(`${stdout}${stderr}`, /percpu-metrics\.service/);
  const text = read('systemd', 'percpu-metrics.service');
  for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'CapabilityBoundingSet=', 'PrivateDevices=yes']) {
    assert.ok(text.includes(`\n${line}\n`), line);
  }
});

test('the directory of the store belongs to the user and the group of the unit', {
  skip: skip || unlessRoot,
}, (t) => {
  const root = temporaryDirectory(t);
  mkdirSync(join(root, 'etc'));
  for (const name of ['passwd', 'group']) writeFileSync(join(root, 'etc', name), '');
  for (const [program, file, ...options] of [
    ['systemd-sysusers', 'percpu-metrics.sysusers.conf'],
    ['systemd-tmpfiles', 'percpu-metrics.tmpfiles.conf', '--create'],
  ] as const) {
    const args = [`--root=${root}`, ...options, join(deploy, 'systemd', file)];
    const { status, stderr } = spawnSync(program, args, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
  const [, , user, group] = readFileSync(join(root, 'etc', 'passwd'), 'utf8').split(':');
  const { mode, uid, gid } = statSync(join(root, 'run', 'percpu-metrics'));
  assert.deepEqual([mode & 0o7777, `${uid}`, `${gid}`], [0o2770, user, group]);
  assert.ok(uid !== 0 && gid !== 0);
  assert.match(read('systemd', 'percpu-metrics.service'), /^User=percpu-metrics\nGroup=percpu-metrics$/m);
});

test('the filter for system calls of the unit lets rseq through', { skip }, () => {
  const { status, stdout } = spawnSync('systemd-analyze', ['syscall-filter', '@system-service'], { encoding: 'utf8' });
  assert.equal(status, 0);
  const sets = [...stdout.matchAll(/^ +(@[\w-]+)$/gm)].map(([, name = '']) => name);
  const inner = spawnSync('systemd-analyze', ['syscall-filter', ...sets], { encoding: 'utf8' }).stdout;
  assert.match(`${stdout}${inner}`, /^ +rseq$/m);
});

test('compose mounts what exists, locks down what is ours, and shares one volume of memory', () => {
  const { services, volumes } = parse(read('compose.yaml'), { merge: true });
  for (const { volumes: mounts } of Object.values(services) as { volumes: string[] }[]) {
    for (const mount of mounts) {
      const [source = ''] = mount.split(':');
      assert.ok(source in volumes || existsSync(join(deploy, source)), mount);
    }
  }
  for (const name of ['application', 'sidecar']) {
    const { read_only, cap_drop, command, volumes: mounts } = services[name];
    assert.deepEqual([read_only, cap_drop], [true, ['ALL']]);
    assert.ok(command.includes('/run/percpu-metrics/store.pcm'));
    assert.match(mounts[0], /^store:\/run\/percpu-metrics/);
  }
  assert.equal(volumes.store.driver_opts.type, 'tmpfs');
  assert.match(volumes.store.driver_opts.o, /mode=2770,gid=65532/);
});

test('the configuration of Prometheus for compose is the other one with names for addresses', () => {
  const withNames = parse(
    read('prometheus', 'prometheus.yml')
      .replace('127.0.0.1:9464', 'application:9464')
      .replace('127.0.0.1:9465', 'sidecar:9465'),
  );
  assert.deepEqual(parse(read('prometheus', 'compose.yml')), withNames);
});
