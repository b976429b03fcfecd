module memseal

go 1.19
