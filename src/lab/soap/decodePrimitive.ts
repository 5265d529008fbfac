import type { PrimitiveName } from '../../core/vsphere/schema/schema.ts';

const integerLimits = {
  byte: 2 ** 7,
  short: 2 ** 15,
  int: 2 ** 31,
  long: 2 ** 53,
} as const;

/**
 * The value of an XML Schema primitive, or undefined if the text is none. A `long` beyond 2^53 is refused: the lab
 * has no use for one.
 */
export function decodePrimitive(type: Exclude<PrimitiveName, 'ref'>, text: string): unknown {
  const trimmed = text.trim();
  switch (type) {
    case 'str':
    case 'any':
      return text;
    case 'bool':
      return trimmed === 'true' || trimmed === '1'
        ? true
        : trimmed === 'false' || trimmed === '0'
          ? false
          : undefined;
    case 'byte':
    case 'short':
    case 'int':
    case 'long': {
      if (!/^[+-]?\d+$/.test(trimmed)) return undefined;
      const value = Number(trimmed);
      const limit = integerLimits[type];
      return value >= -limit && value < limit ? value : undefined;
    }
    case 'float':
    case 'double': {
      const value = Number(trimmed);
      return trimmed === '' || !Number.isFinite(value) ? undefined : value;
    }
    case 'base64':
      return /^[A-Za-z0-9+/\s]*={0,2}$/.test(trimmed) ? trimmed : undefined;
    case 'date': {
      if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$/.test(trimmed)) return undefined;
      const value = new Date(trimmed);
      return Number.isNaN(value.getTime()) ? undefined : value;
    }
  }
}
