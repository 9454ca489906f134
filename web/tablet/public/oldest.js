// Says what is missing where the browser is older than the app needs. Written for any browser: it is what an old one can run.
(function () {
  var found = /Chrom(?:e|ium)\/(\d+)/.exec(navigator.userAgent);
  var able = typeof ''.isWellFormed === 'function' && window.indexedDB && window.crypto && window.crypto.subtle && navigator.locks;
  if (able) return;
  var words = document.getElementById('too-old');
  if (!window.isSecureContext) {
    words.textContent = '请用 https 地址打开本应用。 Open this app by its https address.';
  } else {
    words.textContent =
      '浏览器版本过低' + (found ? '（' + found[1] + '）' : '') + '，请升级到 Chromium 111 或更高版本。 This browser is too old: the app needs Chromium 111 or later.';
  }
})();
