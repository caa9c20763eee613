"""Bodies that other systems are sent, to the letter."""

S3 = """{"total_spent": 1250.50, "num_orders": 8, "avg_order_value": 156.31, \
"days_since_first_purchase": 180, "days_since_last_purchase": 15, "category_diversity": 3, \
"purchase_frequency": 0.4, "monthly_spending": 200}"""
S4 = """{"total_orders": 5, "total_spent": 450, "avg_order_value": 90, \
"days_since_first_purchase": 180, "days_since_last_purchase": 15, "num_categories": 3, \
"acquisition_source": "Meta Ads", "campaign_type": "Prospecting", "acquisition_cost": 45, \
"email_engagement_rate": 0.65, "return_rate": 0.05}"""
S5 = """{"customer_id": "CUST_001", "recency": 30, "frequency": 5, "monetary_value": 1500.0, \
"tenure": 180, "avg_order_value": 300.0, "days_between_purchases": 36.0, "total_orders": 5}"""
S1 = """{"snapshot_date": "2025-06-04", "xdays": 365, "customers": [{"CustomerID": "C001", \
"transactions": [{"Arrival Date": "2024-01-15", "Total Revenue USD": 500, "Channel": "WEB"}]}]}"""
