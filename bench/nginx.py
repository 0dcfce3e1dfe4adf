"""The nginx configurations of the gateway measurement: one upstream for both sides, and the side we are compared with."""

from pathlib import Path

from bench.programs import program

ANSWER_BYTES = 1024
_ITEM = '{"id":"dpt_01m7x62sskexg834p5x7cg2nyj","name":"I am attending","status":"published"}'
_ANSWER = ('{"items":[' + ",".join([_ITEM] * 11) + '],"nextCursor":null').ljust(ANSWER_BYTES - 1) + "}"

# One process each, so that it can be pinned and stopped by its id. Nothing below a system folder is touched.
_COMMON = """
daemon off;
master_process off;
worker_processes 1;
pid {folder}/{name}.pid;
error_log {folder}/{name}.error.log;
events {{ worker_connections 2048; }}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
    default_type application/json;
{content}
}}
"""

_UPSTREAM = """
    access_log off;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /allow {{ return 204; }}
        location / {{ return 200 '{answer}'; }}
    }}
"""

# `Connection ""` stands in both locations: a proxy_set_header of its own makes a location forget those it inherits,
# and without keep-alive to the one that is asked nginx would be three times slower.
_PROXY = """
    log_format bench escape=json '{{"timestamp":"$time_iso8601","level":"info","event":"request","service":"nginx",'
        '"method":"$request_method","route":"$uri","status":$status,"ms":$request_time,"trace_id":"$request_id",'
        '"who":"$http_x_who","network":"$remote_addr"}}';
    access_log {folder}/{name}.access.log bench buffer=64k flush=200ms;
    upstream service {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            auth_request /auth;
            proxy_pass http://service;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Request-Id $request_id;
            proxy_set_header X-Forwarded-For $remote_addr;
        }}
        location = /auth {{
            internal;
            proxy_pass http://service/allow;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
        }}
    }}
"""


def upstream(folder: Path, port: int) -> list[str]:
    """The command line of a server that answers every path with the same JSON, and /allow with 204."""
    content = _UPSTREAM.format(port=port, answer=_ANSWER)
    return _command(folder, "upstream", content)


def proxy(folder: Path, port: int, upstream_port: int) -> list[str]:
    """The command line of the proxy: auth_request, then proxy_pass, each over kept-alive connections, with an access log."""
    content = _PROXY.format(folder=folder, name="proxy", port=port, upstream=upstream_port)
    return _command(folder, "proxy", content)


def _command(folder: Path, name: str, content: str) -> list[str]:
    path = folder / f"{name}.conf"
    path.write_text(_COMMON.format(folder=folder, name=name, content=content))
    return [program("nginx", "nginx-light"), "-e", f"{folder}/{name}.error.log", "-p", str(folder), "-c", str(path)]
