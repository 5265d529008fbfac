/**
 * Text as Markdown that shows exactly this text, on one line: names and messages come from servers, and none of them may
 * become a link, an image, HTML or another line. CommonMark lets a backslash stand before all of ASCII's punctuation; marks
 * that turn the direction of writing would let a name pass for another.
 */
export function markdownText(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replaceAll(/[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g, '')
    .trim()
    .replaceAll(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** @param rows  of cells that are Markdown already */
export function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header.map(markdownText), header.map(() => '---'), ...rows];
  return lines.map(cells => `| ${cells.join(' | ')} |`).join('\n');
}
