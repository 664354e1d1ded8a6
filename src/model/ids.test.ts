import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { derivedId, isId, logId, messageId, randomId } from './ids.ts';

/** As many as a recipientRef can name. */
const seqs = fc.integer({ min: 0, max: 999_999_999 });
const notifications = fc.uuid().map((name) => derivedId('ds', name));

describe('ids of recipients', () => {
  it('look like any other', () => {
    fc.assert(
      fc.property(notifications, seqs, (notificationId, seq) => {
        assert.ok(isId('nl', logId(notificationId, seq)));
        assert.ok(isId('ms', messageId(notificationId, seq)));
      }),
    );
  });

  it('are different for every recipient, kind and notification', () => {
    fc.assert(
      fc.property(fc.uniqueArray(notifications), fc.uniqueArray(seqs), (ids, numbers) => {
        const bodies = ids.flatMap((id) => numbers.flatMap((seq) => [logId(id, seq), messageId(id, seq)])).map(bodyOf);
        assert.equal(new Set(bodies).size, bodies.length);
      }),
    );
  });

  it('are different for each of a hundred thousand recipients', () => {
    const id = derivedId('ds', 'many');
    const keys = new Set<string>();
    for (let seq = 0; seq < 100_000; seq += 1) keys.add(messageId(id, seq));
    assert.equal(keys.size, 100_000);
  });

  it('stay what they are, however many others were asked for meanwhile', () => {
    const id = derivedId('ds', 'lasting');
    const before = [logId(id, 7), messageId(id, 7)];
    for (let other = 0; other < 5_000; other += 1) logId(messageId(randomId('ds'), other), other);
    assert.deepEqual([logId(id, 7), messageId(id, 7)], before);
  });

  it('stay what they are from one version to the next: providers have seen them', () => {
    const id = 'ds-736ff917-d836-55b4-9a6b-3dad20c09af3';
    assert.deepEqual(
      [0, 1, 999_999_999].map((seq) => [logId(id, seq), messageId(id, seq)]),
      [
        ['nl-85ee413f-9eba-5f6d-8501-0ae1dac0e1fc', 'ms-10253c89-09d2-58bf-b2c7-e64ffa77dff5'],
        ['nl-85ee413f-9eba-5f6d-8501-0ae1dac0e1fd', 'ms-10253c89-09d2-58bf-b2c7-e64ffa77dff4'],
        ['nl-85ee413f-9eba-5f6d-8501-0ae1e15a2803', 'ms-10253c89-09d2-58bf-b2c7-e64fc1ed160a'],
      ],
    );
  });
});

const bodyOf = (id: string): string => id.slice(3);
