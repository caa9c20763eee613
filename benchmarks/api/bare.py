"""The least a route of FastAPI can be, to measure the service by: it looks nothing up, and answers
as much JSON as the service does.

`python -m benchmarks.api.bare FOLDER PORT`; the folder holds the answers it gives.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI

#: Answers of the service, told once and given again and again.
CUSTOMER, PREDICTION = "customer.json", "prediction.json"


def application(folder: Path) -> FastAPI:
    """An application of two routes.

    Parameters
    ----------
    folder : holds CUSTOMER and PREDICTION
    """
    app = FastAPI()
    customer: dict[str, Any] = json.loads((folder / CUSTOMER).read_text())
    prediction: dict[str, Any] = json.loads((folder / PREDICTION).read_text())

    @app.get("/bare/{customer_id}")
    async def get(customer_id: str) -> dict[str, Any]:
        return {**customer, "customer_id": customer_id}

    @app.post("/bare")
    async def post(profile: dict[str, Any]) -> dict[str, Any]:
        return {**prediction, "customer_id": profile.get("customer_id")}

    return app


def main() -> None:
    import uvicorn

    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    uvicorn.run(
        application(folder),
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
