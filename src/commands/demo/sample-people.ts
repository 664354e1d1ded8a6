const FIRST =
  'Ada Bo Chidi Dara Eun Farah Goran Hana Imani Jonas Kaya Lucía Mei Noor Otto Priya Quentin Rosa Samir Tove'.split(
    ' ',
  );
const LAST = 'Abara Berg Costa Dahl Endo Fischer Gupta Haddad Ibarra Jansen Kim Lind Mensah Novak Okoye'.split(' ');
const ZONES = ['Europe/Berlin', 'Asia/Kolkata', 'America/Chicago', 'Asia/Tokyo', 'Africa/Lagos'];

/** As the people route takes one. */
export interface SamplePerson {
  readonly email: string;
  readonly name: string;
  readonly timeZone: string;
  readonly tags: readonly string[];
  readonly addresses: readonly { readonly channel: string; readonly channelId: string }[];
}

/**
 * The sample directory: 1,200 people. Most are reached at once; some need a second try, some have left Teams or blocked
 * the bot, some have no Teams address at all. What the simulator does to a person is in the person's Teams id.
 */
export function samplePeople(): SamplePerson[] {
  return Array.from({ length: 1_200 }, (_, index) => samplePerson(index));
}

/** 1,000 e-mail addresses to notify, the most one call takes: 988 people of the directory and 12 strangers. */
export function sampleAudience(): string[] {
  const known = samplePeople()
    .slice(0, 988)
    .map((person) => person.email);
  const strangers = Array.from({ length: 12 }, (_, index) => `stranger-${index + 1}@example.com`);
  return [...known, ...strangers];
}

function samplePerson(index: number): SamplePerson {
  const first = FIRST[index % FIRST.length] ?? '';
  const last = LAST[Math.floor(index / FIRST.length) % LAST.length] ?? '';
  const round = Math.floor(index / (FIRST.length * LAST.length));
  const name = `${first} ${last}`;
  const mailbox = `${first}.${last}${round === 0 ? '' : round + 1}`
    .toLowerCase()
    .normalize('NFD')
    .replace(/[^a-z0-9.]/g, '');
  return {
    email: `${mailbox}@example.com`,
    name,
    timeZone: ZONES[index % ZONES.length] ?? 'UTC',
    tags: ['employees'],
    addresses: teamsAddress(mailbox, index),
  };
}

/** The prefixes are those of the sandbox's telling names; `flaky` is the demo's own. */
function teamsAddress(mailbox: string, index: number): SamplePerson['addresses'] {
  if (index % 120 === 7) return [];
  const fate = index % 150 === 11 ? 'blocked-' : index % 240 === 23 ? 'removed-' : index % 90 === 31 ? 'flaky-' : '';
  return [{ channel: 'msteams', channelId: `29:${fate}${mailbox}` }];
}
