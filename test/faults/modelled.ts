import { checkLease, whyNoSpin } from '../model/spin.ts';
import type { Fault, Finding } from './fault.ts';

export const modelled: Fault = {
  id: 'F38',
  title: 'model of the lease protocol, every state (spin)',
  skip: whyNoSpin,
  run: () => checkModel(),
  control: () => checkModel('NO_FENCE'),
};

async function checkModel(bug?: 'NO_FENCE'): Promise<Finding> {
  const { states, broken } = checkLease(bug);
  return {
    figure: `${states} states: ${broken ?? 'everything holds'}`,
    bar: 'everything holds, in more than 100,000 states',
    ok: broken === null && states > 100_000,
  };
}
