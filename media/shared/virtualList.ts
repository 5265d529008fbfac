/** Rows of one height in a scrolled area; only those that can be seen exist. */
export interface Viewport {
  readonly scrollTopPx: number;
  readonly heightPx: number;
  readonly rowHeightPx: number;
  readonly rowCount: number;
}

export interface RowRange {
  readonly first: number;
  readonly count: number;
}

/** Browsers do not scroll further than some 33 million pixels; a list of more rows than this must be narrowed. */
export const maxRowCount = 1_000_000;

/** Rows that exist above and below what is seen, so that slow scrolling shows no gaps. */
const spareRows = 6;

export function visibleRows({ scrollTopPx, heightPx, rowHeightPx, rowCount }: Viewport): RowRange {
  const first = Math.max(0, Math.floor(scrollTopPx / rowHeightPx) - spareRows);
  const end = Math.min(rowCount, Math.ceil((scrollTopPx + heightPx) / rowHeightPx) + spareRows);
  return { first: Math.min(first, end), count: Math.max(0, end - first) };
}

/** How many rows fit whole: as far as one turns a page. */
export function rowsPerPage({ heightPx, rowHeightPx }: Viewport): number {
  return Math.max(1, Math.floor(heightPx / rowHeightPx) - 1);
}

/** Where to scroll to so that a row is seen whole; where it is if it is seen already. */
export function scrollToShow(index: number, { scrollTopPx, heightPx, rowHeightPx }: Viewport): number {
  const topPx = index * rowHeightPx;
  if (topPx < scrollTopPx) return topPx;
  return Math.max(scrollTopPx, topPx + rowHeightPx - heightPx);
}

/** Keeps elements for the rows that can be seen in a scrolled area, and no others. */
export class VirtualList {
  readonly #scroller: HTMLElement;
  readonly #content: HTMLElement;
  readonly #rowHeightPx: number;
  readonly #makeRow: () => HTMLElement;
  readonly #fillRow: (row: HTMLElement, index: number) => void;
  readonly #onRange: (range: RowRange) => void;
  readonly #rows = new Map<number, HTMLElement>();
  readonly #spare: HTMLElement[] = [];
  #rowCount = 0;

  /**
   * @param onRange  called before rows are filled, with all that are about to be seen
   * @param content  lies in the scroller; gets the height of all rows
   */
  constructor(
    scroller: HTMLElement,
    content: HTMLElement,
    options: {
      readonly rowHeightPx: number;
      readonly makeRow: () => HTMLElement;
      readonly fillRow: (row: HTMLElement, index: number) => void;
      readonly onRange: (range: RowRange) => void;
    },
  ) {
    this.#scroller = scroller;
    this.#content = content;
    this.#rowHeightPx = options.rowHeightPx;
    this.#makeRow = options.makeRow;
    this.#fillRow = options.fillRow;
    this.#onRange = options.onRange;
    scroller.addEventListener('scroll', () => this.update(), { passive: true });
    new ResizeObserver(() => this.update()).observe(scroller);
  }

  get viewport(): Viewport {
    return {
      scrollTopPx: this.#scroller.scrollTop,
      heightPx: this.#scroller.clientHeight,
      rowHeightPx: this.#rowHeightPx,
      rowCount: this.#rowCount,
    };
  }

  setRowCount(rowCount: number): void {
    this.#rowCount = Math.min(rowCount, maxRowCount);
    this.#content.style.height = `${this.#rowCount * this.#rowHeightPx}px`;
    this.update();
  }

  scrollTo(scrollTopPx: number): void {
    this.#scroller.scrollTop = scrollTopPx;
    this.update();
  }

  show(index: number): void {
    this.scrollTo(scrollToShow(index, this.viewport));
  }

  /** The row's element, if it can be seen. */
  row(index: number): HTMLElement | undefined {
    return this.#rows.get(index);
  }

  /** Fills every row that can be seen anew. */
  update(): void {
    const range = visibleRows(this.viewport);
    this.#onRange(range);
    const end = range.first + range.count;
    for (const [index, row] of this.#rows) {
      if (index >= range.first && index < end) continue;
      this.#rows.delete(index);
      this.#spare.push(row);
    }
    for (let index = range.first; index < end; index += 1) {
      let row = this.#rows.get(index);
      if (row === undefined) {
        row = this.#spare.pop() ?? this.#makeRow();
        row.style.transform = `translateY(${index * this.#rowHeightPx}px)`;
        row.style.height = `${this.#rowHeightPx}px`;
        this.#rows.set(index, row);
        this.#content.append(row);
      }
      this.#fillRow(row, index);
    }
    for (const row of this.#spare.splice(0)) row.remove();
  }
}
