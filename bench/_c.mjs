import { BlobCodec } from '../src/core/codec/blobCodec.ts';
import { openSealer } from '../src/core/codec/sealer.ts';
import { generateMasterKey } from '../src/core/codec/masterKey.ts';
import { systemRandom } from '../src/base/random.ts';
import { blobIdOf } from '../src/core/codec/blobId.ts';
import { randomBytes } from 'node:crypto';
import zlib from 'node:zlib';
import { zstdCompressContext } from '../src/core/codec/zstdContext.ts';
const key=generateMasterKey(systemRandom); const s=await openSealer(key);
const bufs=Array.from({length:40},()=>randomBytes(1<<20));
const t=(l,f)=>{const a=performance.now();for(const b of bufs) f(b); console.log(l,((performance.now()-a)/bufs.length).toFixed(3),'ms/MiB');};
for (let i=0;i<2;i++){
t('hash',b=>blobIdOf(b));
const c=new BlobCodec(s,'auto',systemRandom);
t('codec.seal',b=>c.seal({id:'x',plain:b}));
const z=zstdCompressContext(3); const out=new Uint8Array(1.1*(1<<20));
t('zstd ctx',b=>z.frame(b,out));
t('zstd sync',b=>zlib.zstdCompressSync(b));
t('seal only',b=>s.seal(b,systemRandom));
const e=s.seal(bufs[0],systemRandom); t('unseal',()=>s.unseal(e,'x'));
}
