"""An example of each route of docs/api.md, sent in this order to a service on the demo's run."""

from __future__ import annotations

from docs.curls import BASE

_JSON = "-H 'Content-Type: application/json'"


def _get(path: str) -> str:
    return f"curl '{BASE}{path}'" if "?" in path else f"curl {BASE}{path}"


def _post(path: str, body: str = "", more: str = "") -> str:
    lines = [f"curl -X POST {_quoted(BASE + path)}"]
    if body:
        lines.append(f"  {_JSON} {more}".rstrip())
        lines.append(f"  -d '{body}'")
    return " \\\n".join(lines)


def _quoted(url: str) -> str:
    return f"'{url}'" if "?" in url else url


_PROFILE = (
    '{"customer_id": "C001", "snapshot_date": "1998-06-30", "num_orders": 8, "total_spent": 450,\n'
    '    "days_since_first_purchase": 180, "days_since_last_purchase": 15}'
)
_SECOND = '{"customer_id": "C002", "num_orders": 0}'
_GUEST = (
    '{"CustomerID": "C001",\n    "transactions": [{"Arrival Date": "2024-01-15",'
    ' "Total Revenue USD": 500, "Channel": "WEB"}]}'
)
_TRAINING = (
    '{"source": {"sample": 200}, "publish": false,\n    "settings": {"models": ["mbgnbd"],'
    ' "budget": "fast", "horizon": 90}}'
)

#: Method and path -> command, section by section as the page has them.
EXAMPLES = {
    "GET /": _get("/"),
    "GET /api/health": _get("/api/health"),
    "GET /api/health/live": _get("/api/health/live"),
    "GET /api/health/ready": _get("/api/health/ready"),
    "GET /api/status": _get("/api/status"),
    "GET /metrics": _get("/metrics"),
    "GET /api/customers": _get("/api/customers?tier=High-CLV&min_risk=0.5&sort=-clv&limit=1"),
    "GET /api/customers/{customer_id}": _get("/api/customers/00005"),
    "GET /api/customers/{customer_id}/history": _get("/api/customers/00005/history?limit=2"),
    "POST /api/transactions": _post(
        "/api/transactions",
        '{"transactions": [{"customer_id": "00005", "date": "1998-06-30", "amount": 59.9,'
        ' "order_id": "A17"}]}',
        "-H 'Idempotency-Key: shop-1998-06-30-A17'",
    ),
    "POST /api/predict": _post("/api/predict", _PROFILE),
    "POST /api/predict/batch": _post(
        "/api/predict/batch?level=0.95", f'{{"profiles": [\n    {_PROFILE},\n    {_SECOND}]}}'
    ),
    "POST /api/predict/transactions": _post(
        "/api/predict/transactions",
        f'{{"snapshot_date": "2025-06-04", "xdays": 365, "customers": [{_GUEST}]}}',
    ),
    "GET /api/generate-sample-data": _get("/api/generate-sample-data?n_customers=1"),
    "POST /api/generate-sample-data": _post("/api/generate-sample-data?n_customers=1&seed=7"),
    "GET /api/segments": _get("/api/segments"),
    "GET /api/segments/active": _get("/api/segments/active?by=value_tier"),
    "GET /api/segments/{name}": _get("/api/segments/at_risk?top=1"),
    "GET /api/dashboard/summary": _get("/api/dashboard/summary"),
    "GET /api/models": _get("/api/models"),
    "GET /api/model/info": _get("/api/model/info"),
    "GET /api/model/performance": _get("/api/model/performance"),
    "GET /api/model/readiness": _get("/api/model/readiness"),
    "GET /api/metrics": _get("/api/metrics"),
    "GET /api/features": _get("/api/features"),
    "POST /api/model/train": _post("/api/model/train", _TRAINING),
    "POST /api/train/{model_type}": _post("/api/train/bg_nbd?n_samples=200"),
    "POST /api/uploads": (
        f"curl -X POST '{BASE}/api/uploads?name=orders.csv'"
        " -H 'Content-Type: application/octet-stream' \\\n  --data-binary @orders.csv"
    ),
    "GET /api/uploads": _get("/api/uploads"),
    "GET /api/uploads/{upload_id}": _get("/api/uploads/UPLOAD_ID"),
    "DELETE /api/uploads/{upload_id}": f"curl -X DELETE {BASE}/api/uploads/UPLOAD_ID",
    "POST /api/jobs": _post(
        "/api/jobs",
        '{"kind": "backtest", "params": {"source": {"sample": 200},\n    "settings": {"origins": 2,'
        ' "models": ["mbgnbd"], "horizon": 60}}}',
    ),
    "GET /api/jobs": _get("/api/jobs?status=done&limit=1"),
    "GET /api/jobs/{job_id}": _get("/api/jobs/JOB_ID"),
    "POST /api/jobs/{job_id}/cancel": _post("/api/jobs/JOB_ID/cancel"),
    "GET /api/runs": _get("/api/runs"),
    "POST /api/runs/{run_id}/publish": _post("/api/runs/RUN_ID/publish"),
    "POST /api/runs/rollback": _post("/api/runs/rollback"),
    "GET /api/cache/stats": _get("/api/cache/stats"),
    "POST /api/cache/clear": _post("/api/cache/clear"),
}
