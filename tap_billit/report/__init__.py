"""One page for the owner of a company, made from the marts of the dbt project in `transform/`.

Needs the extra `report`. `marts.py` reads either engine, `queries.py` asks, `figures.py` holds the
answers of a company, `charts.py` draws, `language.py` speaks, `page.py` puts it together.
"""
