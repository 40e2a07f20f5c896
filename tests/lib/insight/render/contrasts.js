// The least contrast of any text and of any bar with what lies behind it, as WCAG 2.2 computes it.
(() => {
  const numbers = (text) => text.match(/[0-9.]+/g).map(Number);
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255);
  const ratio = (one, other) => {
    const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = numbers(getComputedStyle(node).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const ownText = (node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim());
  const texts = [...document.querySelectorAll('body *')].filter(
    (node) => ownText(node) && !['title', 'desc'].includes(node.tagName));
  const ink = (node) => numbers(getComputedStyle(node)[node.closest('svg') ? 'fill' : 'color']);
  const bars = [...document.querySelectorAll('svg .bar:not(.weekend)')];
  return {
    text: Math.min(...texts.map((node) => ratio(ink(node), behind(node)))),
    bar: Math.min(...bars.map((node) => ratio(ink(node), behind(node)))),
    count: texts.length,
    paper: luminance(behind(document.body)),
  };
})()
