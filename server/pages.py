"""Decide what a person sees who opens the server's address: where things are."""

from typing import Any

from litestar import MediaType, Request, Response, get

_PAGE = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Fieldbook 外勤记录同步服务</title>
<main>
<h1>Fieldbook</h1>
<p>支部外勤记录同步服务正在运行。平板在此同步：<code>{base}sync/</code></p>
<ul>
<li><a href="health">运行状态</a></li>
<li><a href="schema">接口说明（OpenAPI）</a></li>
<li><a href="metrics">监控指标（仅限管理员和本机）</a></li>
</ul>
<div lang="en">
<p>The sync server for the field records of branches is running. Tablets sync at <code>{base}sync/</code></p>
<ul>
<li><a href="health">Health</a></li>
<li><a href="schema">The API (OpenAPI)</a></li>
<li><a href="metrics">Metrics (administrators, and this machine)</a></li>
</ul>
</div>
</main>
</html>
"""


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def landing(request: Request[Any, Any, Any]) -> Response[str]:
    # The Host header is the caller's own word: only harmless characters of it are shown.
    base = "".join(one for one in str(request.base_url) if one.isalnum() or one in ":/.-[]")
    return Response(_PAGE.replace("{base}", base), media_type=MediaType.HTML)
