"""Feishu as a source: wiki spaces, pages, folders, spreadsheets and tables of questions."""
