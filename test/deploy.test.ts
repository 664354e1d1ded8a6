import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { validate } from 'dockerfile-utils';
import { parse, parseAllDocuments } from 'yaml';
import { SETTINGS } from '../src/config/settings.ts';
import { ROOT } from './support/packed.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const has = (command: string) => spawnSync(command, ['--help']).error === undefined;

describe('the settings that deploy/ names', () => {
  const known = new Set(
    Object.keys(SETTINGS).flatMap((key) => {
      const name = `BECKON_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
      return [name, `${name}_FILE`];
    }),
  );
  for (const path of globSync('deploy/**/*', { cwd: ROOT, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))) {
    it(`are settings: ${path.slice(ROOT.length)}`, () => {
      const named = readFileSync(path, 'utf8').match(/\bBECKON_[A-Z_]+\b(?!…)/g) ?? [];
      assert.deepEqual(
        named.filter((name) => !known.has(name)),
        [],
      );
    });
  }
});

describe('deploy/Dockerfile', () => {
  const text = read('deploy/Dockerfile');
  const lines = text.replace(/\\\n\s*/g, ' ').split('\n');
  const after = (word: string) => lines.filter((line) => line.trimStart().startsWith(`${word} `));

  it('has nothing a linter complains of', () => {
    const problems = validate(text);
    assert.deepEqual(
      problems.map(({ message }) => message),
      [],
    );
  });

  it('builds in one stage and runs, as nobody in particular, in another, on the Node that is tested', () => {
    const node = `node:${manifest.devDependencies.node}-bookworm-slim`;
    assert.deepEqual(after('FROM'), [`FROM ${node} AS build`, `FROM ${node}`]);
    assert.deepEqual(after('USER'), ['USER 1000:1000']);
    assert.ok(lines.indexOf('USER 1000:1000') > lines.lastIndexOf(`FROM ${node}`));
    assert.deepEqual(after('ENTRYPOINT'), ['ENTRYPOINT ["node", "bin/beckon.mjs"]']);
  });

  it('copies what there is, and into the build only what .dockerignore lets through', () => {
    const copied = after('COPY').filter((line) => line.includes('--from=build'));
    const paths = copied.flatMap((line) => [...line.matchAll(/\/build\/(\S+)/g)].map(([, path = '']) => path));
    assert.deepEqual(
      paths.filter((path) => !existsSync(join(ROOT, path)) && path !== 'dist'),
      [],
    );
    const ignored = read('.dockerignore').split('\n');
    assert.equal(
      ignored.find((line) => !line.startsWith('#')),
      '*',
    );
    for (const path of ['src', 'bin', 'build', 'docs', 'package-lock.json'])
      assert.ok(ignored.includes(`!${path}`), path);
  });

  it('is healthy while the server says so', async () => {
    let status = 200;
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/healthz' ? status : 404).end();
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const [, args = ''] = /^HEALTHCHECK.*CMD \["node", (.*)\]$/m.exec(lines.join('\n')) ?? [];
    const check = async () => {
      const child = execFile(process.execPath, JSON.parse(`[${args}]`), { env: { BECKON_PORT: String(port) } });
      const [code] = await once(child, 'exit');
      return code;
    };
    assert.equal(await check(), 0);
    status = 503;
    assert.equal(await check(), 1);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    assert.equal(await check(), 1);
  });
});

describe('deploy/compose.yaml', () => {
  const { services, secrets, networks, volumes } = parse(read('deploy/compose.yaml'));

  it('uses what it declares, and declares nothing else', () => {
    const used = Object.values<Service>(services);
    assert.deepEqual([...new Set(used.flatMap((service) => service.secrets))].sort(), Object.keys(secrets).sort());
    assert.deepEqual([...new Set(used.flatMap((service) => service.networks))].sort(), Object.keys(networks).sort());
    const named = used.flatMap((service) => service.volumes).filter((volume) => /^\w/.test(volume));
    assert.deepEqual(
      named.map((volume) => volume.split(':')[0]),
      Object.keys(volumes),
    );
    for (const name of Object.keys(services.beckon.depends_on)) assert.ok(services[name].healthcheck, name);
  });

  it('keeps the server read-only and its secrets in files', () => {
    assert.equal(services.beckon.read_only, true);
    assert.deepEqual(services.beckon.cap_drop, ['ALL']);
    for (const { environment } of Object.values<Service>(services)) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|DATABASE|KEY/.test(name)) assert.match(value, /^\/run\/secrets\/\w+$/, name);
      }
    }
    assert.equal(networks.inside.internal, true);
    assert.deepEqual(services.postgres.networks, ['inside']);
  });

  interface Service {
    readonly secrets: readonly string[];
    readonly networks: readonly string[];
    readonly volumes: readonly string[];
    readonly environment: Readonly<Record<string, string>>;
  }
});

describe('deploy/systemd/beckon.service', {
  skip: !has('systemd-analyze') && 'there is no systemd-analyze here',
}, () => {
  const unit = join(ROOT, 'deploy/systemd/beckon.service');

  it('is a unit that exposes little', () => {
    const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' });
    const [, exposure = '10'] = /Overall exposure level for beckon\.service: ([\d.]+)/.exec(stdout) ?? [];
    assert.ok(Number(exposure) <= 1.5, stdout + stderr);
    assert.equal(stderr, '');
  });
});

describe('deploy/helm/beckon', () => {
  const chart = 'deploy/helm/beckon';
  const values = parse(read(`${chart}/values.yaml`));
  const schema = JSON.parse(read(`${chart}/values.schema.json`));
  const judge = new Ajv2020({ strict: false }).compile(schema);
  const takes = (given: object): boolean => judge(given);
  const templates = globSync(`${chart}/templates/*`, { cwd: ROOT }).map((path) => ({ path, text: read(path) }));

  it('has values its schema takes, and refuses what is misspelt', () => {
    assert.ok(takes(values), JSON.stringify(judge.errors));
    assert.ok(!takes({ ...values, worker: { ...values.worker, replica: 3 } }));
    assert.ok(!takes({ ...values, ingress: { ...values.ingress, enabled: true } }));
    assert.ok(!takes({ ...values, settings: { LOG_LEVEL: 'debug' } }));
  });

  it('takes the values of its documentation', () => {
    const [, yaml = ''] =
      /```yaml\n([\s\S]*?)```/.exec(read('docs/deployment.md').split('## Kubernetes')[1] ?? '') ?? [];
    assert.ok(takes({ ...values, ...parse(yaml) }), JSON.stringify(judge.errors));
  });

  it('is of the version it installs', () => {
    const { version, appVersion } = parse(read(`${chart}/Chart.yaml`));
    assert.deepEqual([version, appVersion], [manifest.version, manifest.version]);
  });

  it('uses every value it has and has every value it uses', () => {
    const roles = ['api', 'worker'].flatMap((role) => ['replicas', 'resources'].map((key) => `.Values.${role}.${key}`));
    const used = new Set([...roles, ...templates.flatMap(({ text }) => text.match(/\.Values(\.\w+)+/g) ?? [])]);
    for (const path of used) assert.notEqual(valueAt(path), undefined, path);
    for (const path of leavesOf(values, '.Values', used)) assert.ok(used.has(path), path);
  });

  const valueAt = (path: string): unknown =>
    path
      .split('.')
      .slice(2)
      .reduce<unknown>((value, key) => Object(value)[key], values);

  for (const { path, text } of templates.filter((template) => template.path.endsWith('.yaml'))) {
    it(`ends what it begins and is YAML without its directives: ${path}`, () => {
      const words = [...text.matchAll(/\{\{-? *(\w+)/g)].map(([, word = '']) => word);
      const opened = words.filter((word) => ['if', 'range', 'with', 'define'].includes(word)).length;
      assert.equal(words.filter((word) => word === 'end').length, opened);
      for (const document of parseAllDocuments(withoutDirectives(text))) assert.deepEqual(document.errors, []);
    });
  }

  it('keeps every container from what it need not do', () => {
    const names = read(`${chart}/templates/_names.tpl`);
    for (const part of [
      'runAsNonRoot: true',
      'readOnlyRootFilesystem: true',
      'allowPrivilegeEscalation: false',
      'drop: [ALL]',
    ])
      assert.ok(names.includes(part), part);
    for (const { path, text } of templates) {
      const containers = text.match(/^ +- name: (beckon|migrate)$/gm)?.length ?? 0;
      assert.equal(text.match(/include "beckon\.container"/g)?.length ?? 0, containers, path);
      assert.equal(text.match(/include "beckon\.pod"/g)?.length ?? 0, containers, path);
    }
    const deployments = read(`${chart}/templates/deployments.yaml`);
    assert.match(deployments, /livenessProbe:\s+httpGet: { path: \/healthz/);
    assert.match(deployments, /readinessProbe:\s+httpGet: { path: \/readyz/);
  });

  it('is what helm takes', { skip: !has('helm') && 'there is no helm here: the chart is not rendered' }, () => {
    const { status, stdout, stderr } = spawnSync('helm', ['lint', '--strict', join(ROOT, chart)], { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  });
});

/** Each value that has none below it, or that is used as a whole. */
function leavesOf(value: unknown, path: string, used: ReadonlySet<string>): string[] {
  const children = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
  if (children.length === 0 || used.has(path)) return [path];
  return children.flatMap(([key, child]) => leavesOf(child, `${path}.${key}`, used));
}

/** Lines that are a directive go, directives within a line become a word. */
const withoutDirectives = (text: string): string =>
  text.replace(/^\s*\{\{.*\}\}\s*$/gm, '').replace(/"?\{\{.*?\}\}"?/g, 'word');
