"""Decide what a person sees who looks after the server, at /server: that it runs, where tablets sync, and where to go on."""

from typing import Any

from litestar import MediaType, Request, Response, get

_PAGE = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>走访台账 Fieldbook</title>
<link rel="stylesheet" href="landing.css">
<header>
<p class="name">走访台账</p>
<p lang="en">Fieldbook</p>
</header>
<main>
<section class="state">
<p><span class="dot" aria-hidden="true"></span>同步服务正在运行</p>
<p lang="en">The sync server is running.</p>
</section>
<section>
<h1>平板在此同步 <span lang="en">Tablets sync here</span></h1>
<p class="address"><code>{base}sync/</code></p>
<p>走访、上门服务、踏勘和活动记录由平板送达，合并后成为支部活动台账，由支部书记审核。</p>
<p lang="en">Records of visits, services, surveys and events arrive from tablets, are reconciled, and become the branch's activity
record, which its secretary reviews.</p>
</section>
<nav>
<a href="schema"><b>接口说明</b><span lang="en">The API described (OpenAPI)</span></a>
<a href="health"><b>运行状态</b><span lang="en">Health</span></a>
<a href="metrics"><b>监控指标</b><span>仅限管理员和本机</span><span lang="en">Metrics, for administrators and this machine</span></a>
</nav>
</main>
</html>
"""

_STYLE = """
:root { color-scheme: light; --red: #b3261e; --ink: #1f1a17; --soft: #6b5f57; --line: #e2d9d2; }
* { box-sizing: border-box; margin: 0; }
body { background: #faf7f4; color: var(--ink); font: 18px/1.6 "Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei",
  system-ui, sans-serif; }
header { background: var(--red); color: #fff; padding: 28px max(24px, 50vw - 460px); display: flex; align-items: baseline; gap: 16px; }
header .name { font-size: 30px; font-weight: 700; letter-spacing: .04em; }
main { padding: 32px max(24px, 50vw - 460px) 64px; display: grid; gap: 20px; }
section, nav a { background: #fff; border: 1px solid var(--line); border-radius: 12px; padding: 22px 26px; }
h1 { font-size: 22px; margin-bottom: 10px; }
[lang="en"] { color: var(--soft); font-size: 16px; font-weight: 400; }
header [lang="en"] { color: #ffdfdb; font-size: 20px; }
.state { display: flex; flex-wrap: wrap; gap: 4px 16px; align-items: baseline; font-size: 20px; font-weight: 600; }
.dot { display: inline-block; width: 12px; height: 12px; border-radius: 50%; background: #2e7d32; margin-right: 10px; }
.address { margin: 4px 0 14px; }
code { display: inline-block; max-width: 100%; overflow-wrap: anywhere; background: #f4eeea; border-radius: 8px; padding: 8px 14px;
  font: 600 19px/1.4 "Noto Sans Mono", ui-monospace, monospace; }
nav { display: grid; grid-template-columns: repeat(auto-fit, minmax(240px, 1fr)); gap: 20px; }
nav a { color: inherit; text-decoration: none; display: grid; gap: 2px; align-content: start; min-height: 96px; }
nav a b { color: var(--red); font-size: 20px; }
nav a:hover, nav a:focus-visible { border-color: var(--red); outline: 3px solid #f3c9c5; }
"""


@get("/server", media_type=MediaType.HTML, include_in_schema=False)
async def landing(request: Request[Any, Any, Any]) -> Response[str]:
    # The Host header is the caller's own word: only harmless characters of it are shown.
    base = "".join(one for one in str(request.base_url) if one.isalnum() or one in ":/.-[]")
    return Response(_PAGE.replace("{base}", base), media_type=MediaType.HTML)


@get("/landing.css", include_in_schema=False)
async def landing_style() -> Response[str]:
    return Response(_STYLE, media_type=MediaType.CSS)
