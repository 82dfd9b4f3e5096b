/** The package's build without its canvas engine; it comes without types of its own. */
declare module 'danmaku/dist/esm/danmaku.dom.js' {
  import Danmaku from 'danmaku';
  export default Danmaku;
}
