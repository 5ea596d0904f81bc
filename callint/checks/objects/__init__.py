"""Questions about objects as such: twice there, never used, stored past validation."""
