import { fileURLToPath } from 'node:url';
import { REASONS } from '../../src/model/reasons.ts';

/** `docs/reasons.md`, out of the catalogue. `node test/support/reasons-page.ts > docs/reasons.md` writes it anew. */
export function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(
    ([code, { meaning, mendedBy, hint, retry }]) => `| \`${code}\` | ${meaning} | ${mendedBy} | ${hint} | ${retry} |`,
  );
  return `${HEAD}\n${rows.join('\n')}\n`;
}

const HEAD = `# Reasons

Why a recipient did not get the message. The list is closed and the same over all channels: programs may branch on the
code, people read the rest. A recipient of \`GET …/notifications/:id/recipients\` has \`reason\` (the code) and \`hint\`; on
Kore's routes the \`comments\` of a \`FAILURE\` read \`meaning: what the provider said [code] hint\`, all but the first, which is
Kore's own text. \`reasons\` of a notification counts them.

"Mended by": the *sender* (whoever writes and addresses the notification), the *operator* (whoever runs Beckon and the
bot's connections), the *recipient*, the *provider*, or *nobody*. "Retry": \`yes\`, sending it again later can help by itself;
\`once_mended\`, after somebody did what the hint says; \`may_double\`, it can, but the recipient may then have the message
twice; \`no\`.

| code | meaning | mended by | hint | retry |
|---|---|---|---|---|`;

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(reasonsPage());
