import type { Random } from '../../src/model/clock.ts';
import { seededRandom } from '../support/seed.ts';

/** One test of the catalogue of faults, long form. */
export interface Fault {
  /** `F02` */
  readonly id: string;
  readonly title: string;
  /** It waits for most of its time: others run meanwhile. */
  readonly isPatient?: true;
  /** What it finds depends on what else the machine does: nothing else runs meanwhile. */
  readonly isTimed?: true;
  /** So does what its control finds; others break so much that it shows beside anything. */
  readonly isControlTimed?: true;
  /** Why it cannot run on this machine, in words; null: it can. */
  readonly skip?: () => string | null;
  run(parts: FaultParts): Promise<Finding>;
  /** The same with the property broken on purpose: its finding must not be ok. */
  control?(parts: FaultParts): Promise<Finding>;
}

export interface FaultParts {
  readonly seed: number;
  readonly random: Random;
}

export interface Finding {
  readonly figure: string;
  readonly bar: string;
  readonly ok: boolean;
}

export const partsOf = (seed: number): FaultParts => ({ seed, random: seededRandom(seed) });
