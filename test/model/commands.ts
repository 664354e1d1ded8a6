import fc, { type AsyncCommand } from 'fast-check';
import { interventions } from './command-interventions.ts';
import { people } from './command-people.ts';
import { sends } from './command-sends.ts';
import { uploads } from './command-uploads.ts';
import type { Expected } from './expected.ts';
import { BIRDS, type Mood } from './post-office.ts';
import { HOUR_MS, leap, letTryAgain, MAX_LEAPS, mayChange, type Real, Step } from './step.ts';

/** Anything a caller may do, and what may happen meanwhile. */
export const commands = (size: number): fc.Arbitrary<Iterable<AsyncCommand<Expected, Real>>> =>
  fc.commands([...sends, ...interventions, ...people, ...uploads, moods, moods, moods, hours, days, restarts], {
    maxCommands: size,
    size: 'max',
  });

const moods = fc.tuple(fc.constantFrom(...BIRDS), fc.constantFrom<Mood[]>('up', 'up', 'refuses', 'down', 'lost')).map(
  ([bird, mood]) =>
    new Step(
      `mood of the ${bird}: ${mood}`,
      (expected) => expected.moods[bird] !== mood && mayChange(expected),
      async (expected, real) => {
        real.world.office.moods[bird] = mood;
        expected.moods[bird] = mood;
        await letTryAgain(expected, real);
      },
    ),
);

const hours = fc.constant(
  new Step(
    'hour passes',
    ({ leaps }) => leaps < MAX_LEAPS,
    (expected, real) => leap(expected, real, HOUR_MS),
  ),
);

const days = fc.constant(
  new Step(
    'days pass, four of them',
    // Who was not sealed by then is forgotten, which is a matter of its own.
    ({ leaps, notifications }) => leaps < MAX_LEAPS && !notifications.some(({ isReceiving }) => isReceiving),
    (expected, real) => leap(expected, real, 96 * HOUR_MS),
  ),
);

const restarts = fc.constant(
  new Step(
    'restart',
    () => true,
    (_expected, { world }) => world.restart(),
  ),
);
