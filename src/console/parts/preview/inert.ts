import { isJsonObject, type Json } from '../../../model/json.ts';

/** What stands where a picture from elsewhere would be: looking at a message tells nobody that it was looked at. */
export const PICTURE = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 60"><rect width="120" height="60" rx="6" fill="#8884"/><path d="M42 42l12-14 9 10 6-6 9 10z" fill="#888"/><circle cx="74" cy="22" r="4" fill="#888"/></svg>',
)}`;

/** The same without addresses of pictures, sounds and films, whatever they are called in it. */
export function withoutMedia(value: Json): Json {
  if (Array.isArray(value)) return value.map(withoutMedia);
  if (!isJsonObject(value)) return value;
  const isLink = typeof value['type'] === 'string' && /^(Action\.|button$|link$)/.test(value['type']);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      !isLink && MEDIA_KEYS.has(key) && typeof inner === 'string' ? PICTURE : withoutMedia(inner),
    ]),
  );
}

const MEDIA_KEYS: ReadonlySet<string> = new Set([
  'url',
  'iconUrl',
  'poster',
  'backgroundImage',
  'image_url',
  'thumbnail_url',
  'thumb_url',
  'video_url',
  'footer_icon',
  'author_icon',
  'title_icon',
]);
