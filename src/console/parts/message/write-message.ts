import type { NativeMessage, TextMessage } from '../../../client/send-documents.ts';
import { type JsonObject, parseJsonObject } from '../../../model/json.ts';
import type { Problem } from '../problems.ts';
import type { MessageDraft } from './forms.ts';

/** As a call has it; what keeps it from being one goes to the problems, as a fault at this place. */
export function writeMessage(own: MessageDraft, pointer: string, problems: Problem[]): TextMessage | NativeMessage {
  if (own.form === 'text') {
    if (own.text.trim() === '') problems.push({ pointer, sentence: 'write what is to be said' });
    return { type: 'text', val: own.text };
  }
  if (own.form === 'mail') return { type: 'native', payload: mail(own.mail) };
  if (own.form === 'approved') return { type: 'native', payload: approved(own.approved) };
  const payload = parseJsonObject(own.json);
  if (payload === null) problems.push({ pointer, sentence: `is no JSON object: ${whereJsonBreaks(own.json)}` });
  return { type: 'native', payload: payload ?? {} };
}

const mail = ({ subject, text, html }: MessageDraft['mail']): JsonObject => ({
  subject,
  ...(text.trim() !== '' && { text }),
  ...(html.trim() !== '' && { html }),
});

/** The values of its body, one a line. */
function approved({ name, language, values }: MessageDraft['approved']): JsonObject {
  const parameters = values
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((text) => ({ type: 'text', text }));
  return {
    type: 'template',
    template: {
      name: name.trim(),
      language: { code: language.trim() },
      ...(parameters.length > 0 && { components: [{ type: 'body', parameters }] }),
    },
  };
}

export function whereJsonBreaks(text: string): string {
  try {
    JSON.parse(text);
    return 'it has to begin with { and end with }';
  } catch (error) {
    return error instanceof Error ? error.message : 'it cannot be read';
  }
}
