import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Finding, partsOf } from './faults/fault.ts';
import { swallowPoison } from './faults/poison.ts';
import { callTooOften } from './faults/shared-call-limits.ts';
import { favourTogether } from './faults/shared-conversations.ts';
import { spendTogether } from './faults/shared-rates.ts';
import { chooseSeed } from './support/seed.ts';

/* What several processes over one PostgreSQL share, in short; `npm run test:faults` runs each long, with its control. */
const seed = chooseSeed();

describe('nodes over one database', () => {
  const check = (name: string, run: () => Promise<Finding>) =>
    it(name, { timeout: 180_000 }, async (test) => {
      const { figure, bar, ok } = await run();
      test.diagnostic(`${figure} (bar: ${bar})`);
      assert.ok(ok, `${figure}; bar: ${bar}`);
    });

  check('F21 limits on calls', () => callTooOften({ perMinute: 60 }));
  check('F21 the rate of an account', () =>
    spendTogether({ people: 60, notifications: 2, breaks: false, leastUsed: 0 }, partsOf(seed)),
  );
  check('F21 limits of conversations and pairs', () =>
    favourTogether(
      {
        notifications: 12,
        others: 5,
        favours: { teams: 2, slack: 0.5, googlechat: 0.5, whatsapp: 4 },
        breaks: false,
        leastUsed: 0,
      },
      partsOf(seed),
    ),
  );
  check('F34 poison', () => swallowPoison({ people: 200, beside: 50, mostDeaths: 12, nodes: 1 }));
});
