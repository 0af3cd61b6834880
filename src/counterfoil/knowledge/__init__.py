"""The public handbook: articles in the product's own words, what checks them, and how they are searched and published."""
