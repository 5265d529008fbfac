// Small line drawings on a field of 16 × 16, in the color of the text beside them.

const drawings = {
  repository: 'M2.5 3.5h11v3h-11z M3.5 6.5v6h9v-6 M6.5 9h3',
  vm: 'M2.5 3h11v7.5h-11z M6 13h4 M8 10.5V13',
  disk: 'M3 4.2c0-1 2.2-1.7 5-1.7s5 .7 5 1.7v7.6c0 1-2.2 1.7-5 1.7s-5-.7-5-1.7z M3 4.2c0 1 2.2 1.7 5 1.7s5-.7 5-1.7',
  volume: 'M2.5 4.5h11v7h-11z M5.5 4.5v7',
  locked: 'M3.5 7.5h9v6h-9z M5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5 M8 9.8v1.6',
  folder: 'M1.8 4.2h4.4l1.4 1.6h6.6v7.4H1.8z',
  file: 'M3.5 1.8h6l3 3v9.4h-9z M9.5 1.8v3h3',
  symlink: 'M3.5 1.8h6l3 3v9.4h-9z M5.6 11c.2-2 1.4-3 3.6-3 M7.6 6.3 9.4 8 7.6 9.8',
  device:
    'M4.5 4.5h7v7h-7z M6.5 2v2.5 M9.5 2v2.5 M6.5 11.5V14 M9.5 11.5V14 M2 6.5h2.5 M2 9.5h2.5 M11.5 6.5H14 M11.5 9.5H14',
  pipe: 'M2 8h12 M4.2 5.8 2 8l2.2 2.2 M11.8 5.8 14 8l-2.2 2.2',
  socket: 'M5 2v4 M11 2v4 M3.5 6h9v2.2c0 2-1.8 3.3-4.5 3.3S3.5 10.2 3.5 8.2z M8 11.5V14.5',
  // Levels differ in shape, not in color alone.
  proven: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z M5.2 8.2l2 2 3.6-4.2',
  crash: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z',
  inconsistent: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z M5.7 5.7l4.6 4.6 M10.3 5.7l-4.6 4.6',
  unknown:
    'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z M6.2 6.4C6.3 5.2 7 4.7 8 4.7s1.8.7 1.8 1.6c0 1.4-1.8 1.4-1.8 2.8 M8 11v.4',
  info: 'M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8z M8 7.2v4 M8 4.8v.4',
  warning: 'M8 2.2 14.2 13.4H1.8z M8 6.4v3.4 M8 11.3v.4',
  waiting: 'M8 1.8a6.2 6.2 0 1 0 6.2 6.2 M8 4.5V8l2.4 1.6',
  expanded: 'M4 6.2l4 4 4-4',
  collapsed: 'M6.2 4l4 4-4 4',
  checked: 'M2.5 2.5h11v11h-11z M5 8.2l2.2 2.2L11.2 6',
  unchecked: 'M2.5 2.5h11v11h-11z',
} as const;

export type IconName = keyof typeof drawings;

const namespace = 'http://www.w3.org/2000/svg';

/** Says nothing by itself: whatever it means is in words beside it. */
export function icon(name: IconName): SVGElement {
  const svg = document.createElementNS(namespace, 'svg');
  for (const [attribute, value] of Object.entries({
    viewBox: '0 0 16 16',
    width: '16',
    height: '16',
    class: `icon icon-${name}`,
    'aria-hidden': 'true',
  }))
    svg.setAttribute(attribute, value);
  const path = document.createElementNS(namespace, 'path');
  path.setAttribute('d', drawings[name]);
  svg.append(path);
  return svg;
}
