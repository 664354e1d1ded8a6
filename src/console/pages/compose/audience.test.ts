import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readExclusion, readFilter, readPasted } from './audience.ts';

const NOTHING = { everybody: false, any: '', all: '', none: '', locale: '', attributes: '' };

describe('whom a notification is for', () => {
  it('is pasted as lists are, and as mail programs copy them', () => {
    assert.deepEqual(readPasted('a@b.c, Jane Roe <jane@b.c>;\n+49 151 00\n\n'), ['a@b.c', 'jane@b.c', '+49 151 00']);
  });

  it('is a filter of what was filled in, and of nothing else', () => {
    assert.deepEqual(readFilter(NOTHING), {});
    assert.deepEqual(readFilter({ ...NOTHING, everybody: true, any: 'x' }), { everybody: true });
    assert.deepEqual(
      readFilter({ ...NOTHING, any: 'a, b', none: 'c', locale: 'de', attributes: 'grade = 6, lead\nx\nvip=true' }),
      {
        tags: { any: ['a', 'b'], none: ['c'] },
        attributes: { grade: { in: [6, '6', 'lead'] }, vip: { in: [true, 'true'] } },
        locale: ['de'],
      },
    );
  });

  it('leaves nobody out unless somebody is named', () => {
    assert.equal(readExclusion({ identities: ' ', tags: ',', notifications: '' }), null);
    assert.deepEqual(readExclusion({ identities: 'a@b.c', tags: '', notifications: 'ds-1' }), {
      identities: ['a@b.c'],
      notifications: ['ds-1'],
    });
  });
});
