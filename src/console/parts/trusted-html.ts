/** What makes markup of text, where the browser keeps text from becoming markup on its own. */
interface Policy {
  createHTML(html: string): string;
}

interface Factory {
  createPolicy(name: string, rules: { createHTML(html: string): string | null }): Policy;
}

/** Absent in browsers that do not know the rule either. */
const { trustedTypes } = globalThis as { readonly trustedTypes?: Factory };

/**
 * The page's policy lets no text become markup. Libraries write their style sheets and what an entity stands for that way;
 * what opens no tag makes no element, so this passes, and nothing else does.
 */
export function denyMarkup(): void {
  trustedTypes?.createPolicy('default', { createHTML: (html) => (html.includes('<') ? null : html) });
}

/** Of a mail, which is taken apart in a document of its own and shown in a frame that may do nothing. */
export const mailHtml: Policy = trustedTypes?.createPolicy('beckon-mail', { createHTML: (html) => html }) ?? {
  createHTML: (html) => html,
};
