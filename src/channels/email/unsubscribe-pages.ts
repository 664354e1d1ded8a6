/** What people see who follow a link to unsubscribe. No page says whose link it is, none runs or loads anything. */

export const ASKING = page(
  'Unsubscribe',
  `<p>Do you want no more of these e-mails?</p>
<form method="post">
<input type="hidden" name="List-Unsubscribe" value="One-Click">
<button type="submit">Unsubscribe</button>
</form>`,
);

export const DONE = page('Unsubscribed', '<p role="status">You will get no more of these e-mails.</p>');

export const NO_LINK = page(
  'This link does not work',
  '<p role="alert">The link is not whole, or too old. Please use the one in the latest e-mail.</p>',
);

function page(title: string, content: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title}</title>
</head>
<body>
<main>
<h1>${title}</h1>
${content}
</main>
</body>
</html>
`;
}
