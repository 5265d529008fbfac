import { CorruptDataError } from '../../base/errors.ts';

/**
 * The value of a primitive of the table, references apart, from its text in an answer.
 * @throws CORRUPT_DATA for text that is not of the type
 */
export function primitiveValue(type: string, text: string): unknown {
  switch (type) {
    case 'bool':
      return text === 'true' || text === '1';
    case 'date':
      return asDate(text);
    case 'str':
    case 'base64':
      return text;
    default:
      return asNumber(text);
  }
}

function asDate(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new CorruptDataError(`"${text}" in the answer is no date`);
  return date;
}

/** Beyond 2^53 the nearest number; the API has such values only for "unlimited" and for counters. */
function asNumber(text: string): number {
  const number = Number(text);
  if (text === '' || Number.isNaN(number)) throw new CorruptDataError(`"${text}" in the answer is no number`);
  return number;
}
