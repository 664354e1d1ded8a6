import { checkLease, whyNoSpin } from './spin.ts';

/* Checks the model of the lease protocol: npm run test:model */
const reason = whyNoSpin();
if (reason !== null) console.log(`SKIPPED: the model of the lease protocol ${reason}`);
else {
  const [sound, bugged] = [checkLease(), checkLease('NO_FENCE')];
  console.log(`lease.pml: ${sound.states} states, ${sound.broken ?? 'everything holds'}`);
  console.log(`lease.pml without the fence: ${bugged.broken ?? 'NOTHING WAS FOUND'}`);
  process.exitCode = sound.broken === null && bugged.broken !== null ? 0 : 1;
}
