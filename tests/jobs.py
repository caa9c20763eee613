"""Jobs in a store and a queue."""

from clv.ops.work import jobs

SHOP = {"settings": {"customers": 100, "transactions": 300}}


def found(services, job_id):
    with services.store.reading() as conn:
        return jobs.find(conn, job_id)
