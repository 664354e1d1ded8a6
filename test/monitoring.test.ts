import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { SyntaxNodeRef } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { createMetrics } from '../src/metrics/metrics.ts';
import { FINAL_STATES, LANES } from '../src/model/notification.ts';
import { REASONS } from '../src/model/reasons.ts';
import { ROOT } from './support/packed.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const dashboard = JSON.parse(read('deploy/monitoring/dashboard.json'));
const { groups } = parse(read('deploy/monitoring/rules.yaml'));
const rules: readonly Rule[] = groups.flatMap((group: { readonly rules: readonly Rule[] }) => group.rules);

interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Target {
  readonly expr: string;
}

/** What Grafana puts in before it asks. */
const filledIn = (expr: string) => expr.replaceAll('$__rate_interval', '5m').replaceAll('$channel', '.*');

const expressions: readonly string[] = [
  ...rules.map(({ expr }) => expr),
  ...dashboard.panels.flatMap(({ targets = [] }: { readonly targets?: readonly Target[] }) =>
    targets.map(({ expr }) => filledIn(expr)),
  ),
];

/** Prometheus itself adds these. */
const ADDED = ['instance', 'job'];

/** Everything a server can show, by name, with its labels. */
async function readExposed(): Promise<Map<string, Set<string>>> {
  const metrics = createMetrics();
  metrics.meter.attempted('msteams', 'accepted', 0.1);
  metrics.meter.answered({ route: '/', status: 200 }, 0.1);
  metrics.meter.leasesLost(0);
  const end = { seq: 1, identity: '', personId: null, channelId: null, providerMessageId: null, detail: null, at: 0 };
  metrics.meter.ended({ id: 'ds-1', botId: 'st-1', channel: 'msteams', connectionId: 'dc-1', total: 1 }, [
    { ...end, state: 'delivered', reason: null, attempts: 1, maybeDoubled: false },
  ]);
  const connection = { id: 'dc', channel: 'msteams', allowed: 1, now: 1, pausedMs: 0, heldMs: 0 };
  const queue = { recipients: 0, overdueMs: { urgent: 0, normal: 0, bulk: 0 } };
  const engine = { batchesHeld: 0, waiting: 0, inFlight: 0, unrecorded: 0 };
  const page = await metrics.render({ engine, connections: [connection], queue });
  const exposed = new Map<string, Set<string>>();
  for (const [, name = '', labels = ''] of page.matchAll(/^([a-z]\w+)(?:\{(.*)\})? /gm)) {
    const known = exposed.get(name) ?? new Set(ADDED);
    for (const [, label = ''] of labels.matchAll(/(\w+)="/g)) known.add(label);
    exposed.set(name, known);
  }
  return exposed;
}

interface Use {
  readonly metric: string;
  readonly labels: readonly { readonly name: string; readonly operator: string; readonly value: string }[];
}

/** The selectors of an expression, and the labels it groups by. */
function usesOf(expr: string): { readonly selectors: readonly Use[]; readonly grouped: readonly string[] } {
  const selectors: Use[] = [];
  const grouped: string[] = [];
  const text = ({ from, to }: { readonly from: number; readonly to: number }) => expr.slice(from, to);
  parser.parse(expr).iterate({
    enter(node: SyntaxNodeRef) {
      assert.ok(!node.type.isError, `no PromQL at ${expr.slice(node.from, node.from + 20)}: ${expr}`);
      if (node.name === 'VectorSelector') {
        const matchers = node.node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [];
        const labels = matchers.map((matcher) => {
          const [, name = '', operator = '', value = ''] = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(text(matcher)) ?? [];
          return { name, operator, value };
        });
        selectors.push({ metric: text(node.node.getChild('Identifier') ?? { from: 0, to: 0 }), labels });
      }
      if (node.name === 'GroupingLabels') grouped.push(...(text(node).match(/\w+/g) ?? []));
    },
  });
  return { selectors, grouped };
}

/** What labels of closed sets can be. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  lane: LANES,
  state: FINAL_STATES,
  reason: ['', ...Object.keys(REASONS)],
};

describe('deploy/monitoring', () => {
  let exposed: Map<string, Set<string>>;
  before(async () => {
    exposed = await readExposed();
    for (const { record } of rules) if (record !== undefined) exposed.set(record, new Set());
  });

  for (const expr of expressions) {
    it(`asks for what there is: ${expr.replace(/\s+/g, ' ').slice(0, 100)}`, () => {
      const { selectors, grouped } = usesOf(expr);
      assert.ok(selectors.length > 0);
      for (const { metric, labels } of selectors) {
        const known = exposed.get(metric);
        assert.ok(known !== undefined, metric);
        for (const { name, operator, value } of labels) {
          assert.ok(known.has(name), `${metric} has no label ${name}`);
          const possible = VALUES[name];
          if (possible === undefined || value === '.*') continue;
          for (const each of operator.endsWith('~') ? value.split('|') : [value])
            assert.ok(possible.includes(each), `${name} is never ${each}`);
        }
      }
      const all = new Set(selectors.flatMap(({ metric }) => [...(exposed.get(metric) ?? [])]));
      for (const label of grouped) assert.ok(all.has(label), `nothing of it has a label ${label}: ${expr}`);
    });
  }

  it('shows every metric of our own', () => {
    const used = new Set(expressions.flatMap((expr) => usesOf(expr).selectors.map(({ metric }) => metric)));
    const ours = [...exposed.keys()].filter((name) => name.startsWith('beckon_') && !/_(bucket|sum|count)$/.test(name));
    assert.deepEqual(
      ours.filter((name) => !used.has(name)),
      [],
    );
  });

  it('says of every alert how bad it is and what to do, and has it in docs/monitoring.md', () => {
    const page = read('docs/monitoring.md');
    for (const { alert, record, labels = {}, annotations = {} } of rules) {
      assert.ok((alert === undefined) !== (record === undefined));
      if (alert === undefined) continue;
      assert.match(labels['severity'] ?? '', /^(page|ticket)$/, alert);
      assert.ok(annotations['summary'] && annotations['action'], alert);
      assert.ok(page.includes(`\`${alert}\``), alert);
    }
    for (const [name] of page.matchAll(/\bbeckon:[\w:]+/g))
      assert.ok(
        rules.some(({ record }) => record === name),
        name,
      );
  });

  it('has panels that do not lie over each other', () => {
    const ids = dashboard.panels.map(({ id }: { readonly id: number }) => id);
    assert.equal(new Set(ids).size, ids.length);
    for (const { gridPos } of dashboard.panels) assert.ok(gridPos.x + gridPos.w <= 24);
  });
});
