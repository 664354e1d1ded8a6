import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fitsFilter, type PeopleFilter } from './people-filter.ts';

const ann = { tags: ['staff', 'berlin'], attributes: { grade: 7, country: 'DE', home: { floor: 1 } }, locale: 'de-AT' };
const nobody = { tags: [], attributes: {}, locale: null };

describe('a filter over people', () => {
  const rows: readonly (readonly [PeopleFilter, boolean])[] = [
    [{}, true],
    [{ tags: { any: ['paris', 'berlin'] } }, true],
    [{ tags: { any: ['paris'] } }, false],
    [{ tags: { all: ['staff', 'berlin'] } }, true],
    [{ tags: { all: ['staff', 'paris'] } }, false],
    [{ tags: { none: ['paris'] } }, true],
    [{ tags: { any: ['staff'], none: ['berlin'] } }, false],
    [{ attributes: { grade: { equals: 7 } } }, true],
    [{ attributes: { grade: { equals: '7' } } }, false],
    [{ attributes: { country: { in: ['AT', 'DE'] }, grade: { in: [6, 7] } } }, true],
    [{ attributes: { country: { in: ['AT'] } } }, false],
    [{ attributes: { home: { equals: 'x' } } }, false],
    [{ attributes: { constructor: { equals: 'x' } } }, false],
    [{ locale: ['fr', 'de'] }, true],
    [{ locale: ['DE-at'] }, true],
    [{ locale: ['d'] }, false],
  ];
  for (const [filter, fits] of rows) {
    it(`${JSON.stringify(filter)} ${fits ? 'fits' : 'does not fit'}`, () =>
      assert.equal(fitsFilter(ann, filter), fits));
  }

  it('fits nobody of whom nothing is known, unless it asks for nothing', () => {
    const asking = rows
      .map(([filter]) => filter)
      .filter(({ tags, attributes, locale }) =>
        [tags?.any, tags?.all, attributes, locale].some((part) => part !== undefined),
      );
    assert.deepEqual(
      asking.filter((filter) => fitsFilter(nobody, filter)),
      [],
    );
    assert.ok(fitsFilter(nobody, { tags: { none: ['staff'] } }));
  });
});
