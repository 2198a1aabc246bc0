"""What goes in and out of the API: classes apart from the tables, one file a resource."""
