"""What each metric means, one module a subject: from a record to what it contributes."""
